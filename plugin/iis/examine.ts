// What usually keeps IIS from reaching Sidegate, looked for on this machine: the feature, the registration, the order of handlers, rights.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { win32 } from 'node:path'
import { ConfigError } from '../../sidecar/errors.ts'
import type { PlugInput } from '../host.ts'
import { commandLine, planOf } from './plan.ts'

/** What is looked at: a machine. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly windows: string
  exists(path: string): boolean
  /** The text of a file; undefined when there is none, or it may not be read. */
  read(path: string): string | undefined
  /** What a program prints; undefined when it cannot be run. */
  run(program: string, words: readonly string[]): Promise<string | undefined>
}

const here: Machine = {
  platform: process.platform,
  windows: process.env.windir ?? String.raw`C:\Windows`,
  exists: existsSync,
  read(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  run: (program, words) =>
    new Promise((resolve) => {
      execFile(program, words, { timeout: 10_000, windowsHide: true }, (error, output) =>
        resolve(error ? undefined : output),
      )
    }),
}

/** Who may be an application pool to icacls; the names of built-in groups are those of an English Windows. */
const POOLS =
  /(?:IIS APPPOOL\\|IIS_IUSRS|BUILTIN\\Users|Authenticated Users|Everyone|APPLICATION PACKAGE AUTHORITY)[^:]*:(?!.*\(DENY\))/i

/** @throws {ConfigError} as planOf */
export async function examine(input: PlugInput, machine: Machine = here): Promise<readonly ConfigError[]> {
  const found = await look(input, machine)
  return found.map((message) => new ConfigError('HOST_SETUP', 'host', message))
}

async function look(input: PlugInput, machine: Machine): Promise<readonly string[]> {
  const plan = planOf(input)
  if (machine.platform !== 'win32') return []
  const inetsrv = win32.join(machine.windows, String.raw`System32\inetsrv`)
  if (!machine.exists(win32.join(inetsrv, 'appcmd.exe')))
    return ['IIS is not installed on this machine: Install-WindowsFeature Web-Server, Web-CGI']
  const found: string[] = []
  if (!machine.exists(win32.join(inetsrv, 'iisfcgi.dll')))
    found.push(
      'the feature CGI of IIS is missing, with which FastCGI comes: Install-WindowsFeature Web-CGI (install.ps1 does)',
    )
  for (const file of [plan.node, plan.words[0]!])
    if (!machine.exists(file))
      found.push(`${file} is not there: npm install sidegate in ${plan.site}, or name the right one`)
  const processor = `${plan.node}|${commandLine(plan.words)}`
  for (const folder of [win32.join(plan.site, 'web'), plan.site]) found.push(...handlers(folder, processor, machine))
  found.push(
    ...registration(
      win32.join(inetsrv, String.raw`config\applicationHost.config`),
      plan.node,
      commandLine(plan.words),
      machine,
    ),
  )
  found.push(...(await rights([plan.node, plan.site, plan.logs], machine)))
  return found
}

/** The web.config of a folder, if it is there: below the configuration, as docs/hosts/iis.md has it, or beside it. */
function handlers(folder: string, processor: string, machine: Machine): string[] {
  const text = machine.read(win32.join(folder, 'web.config'))
  if (text === undefined) return []
  const list = /<handlers[^>]*>([^]*?)<\/handlers>/.exec(text)?.[1] ?? ''
  const first = /<add\s([^>]*)>/.exec(list)?.[1] ?? ''
  const processors = [...list.matchAll(/scriptProcessor="([^"]*)"/g)].map(([, value]) => decoded(value!))
  if (!processors.includes(processor))
    return [
      `web.config in ${folder} has no handler with scriptProcessor ${processor}: IIS says 500.0 and 0x80070585, or 404. Write it anew (sidegate plug iis --part web.config)`,
    ]
  if (decoded(/scriptProcessor="([^"]*)"/.exec(first)?.[1] ?? '') !== processor)
    return [
      `in web.config in ${folder} another handler stands before that of Sidegate, and takes its requests: put ours first`,
    ]
  return []
}

function registration(path: string, node: string, words: string, machine: Machine): string[] {
  const text = machine.read(path)
  if (text === undefined)
    return [`${path} cannot be read: run check as administrator to have the registration looked at`]
  const there = [...text.matchAll(/<application\s([^>]*)>/g)].some(([, attributes = '']) => {
    const value = (name: string): string => decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
    return value('fullPath').toLowerCase() === node.toLowerCase() && value('arguments') === words
  })
  return there
    ? []
    : [
        `no FastCGI application is registered with fullPath ${node} and arguments ${words}: IIS says 500.0 and 0x80070585. Run install.ps1`,
      ]
}

async function rights(paths: readonly string[], machine: Machine): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      if (!machine.exists(path)) return []
      const output = await machine.run('icacls', [path])
      if (output === undefined || POOLS.test(output)) return []
      return [
        `no application pool may read ${path}: IIS says 500.0 and 0x80070005. icacls "${path}" /grant "IIS AppPool\\DefaultAppPool:(OI)(CI)RX"`,
      ]
    }),
  )
  return found.flat()
}

function decoded(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}
