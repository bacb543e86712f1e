// The configuration of a Unit: a file of JSON, or what the control API of one that runs answers.
import { request } from 'node:http'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import type { ConfigPath } from '../../problem.ts'
import { TEXT_MAX, TOO_LONG } from '../../text-file.ts'
import { jsonFault, lineOf, type LineOf } from '../../text-lines.ts'
import { sourceText } from '../source-text.ts'

/** Groups and lists in one another: more is a slip. */
const DEPTH_MAX = 100

/** How long the control API may take, in milliseconds. */
const TIME_MAX = 10_000

/** A configuration that was read. */
export interface UnitSource {
  /** The value of /config. */
  readonly data: Readonly<Record<string, unknown>>
  /** Where a part of it stands: `FILE:LINE`, or its path in the control API. */
  place(path: ConfigPath): string
}

/** @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX */
export async function readSource(file: string, cwd: string): Promise<UnitSource> {
  const address = await controlOf(file, cwd)
  if (address) {
    const data = topOf(parsed(await asked(address, file), file), file)
    return { data: data.value, place: (path) => `/config/${path.map(step).join('/')}` }
  }
  const text = withoutComments((await sourceText(file, cwd)).replace(/^\uFEFF/, ' '))
  const { value, at } = topOf(parsed(text, file), file)
  const line = await lines(text, file)
  return {
    data: value,
    place: (path) => {
      const found = line([...at, ...path])
      return found === undefined ? file : `${file}:${found}`
    },
  }
}

function step(key: string | number): string {
  return String(key).replaceAll('%', '%25').replaceAll('/', '%2F')
}

/** What `GET /` answers has it below `config`, beside certificates and status. */
function topOf(data: unknown, file: string): { value: Readonly<Record<string, unknown>>; at: ConfigPath } {
  if (!isGroup(data))
    throw new ConfigError('IMPORT_SYNTAX', file, 'it is no configuration of Unit: that is a JSON object')
  const inner = data.config
  return isGroup(inner) && !('listeners' in data) ? { value: inner, at: ['config'] } : { value: data, at: [] }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string, file: string): unknown {
  const fault = jsonFault(text)
  if (fault)
    throw new ConfigError('IMPORT_SYNTAX', fault.line === undefined ? file : `${file}:${fault.line}`, fault.message)
  const data: unknown = JSON.parse(text)
  demandShallow(data, file)
  return data
}

/** Unit takes comments as JavaScript has them. Blanks in their place keep the lines. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (part) =>
    part.startsWith('"') ? part : part.replace(/[^\n]/g, ' '),
  )
}

/** @throws {ConfigError} IMPORT_SYNTAX: Unit refuses a member that is there twice, of which JSON.parse takes the last */
async function lines(text: string, file: string): Promise<LineOf> {
  const { parseDocument, LineCounter } = await import('yaml')
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const twice = document.errors.find(({ code }) => code === 'DUPLICATE_KEY')
  if (twice) {
    const { line } = lineCounter.linePos(twice.pos[0])
    throw new ConfigError(
      'IMPORT_SYNTAX',
      `${file}:${line}`,
      'a member of this name is there already: Unit takes each once',
    )
  }
  return lineOf(document, lineCounter)
}

/** @throws {ConfigError} IMPORT_SYNTAX */
function demandShallow(data: unknown, file: string): void {
  let level: unknown[] = [data]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX)
      throw new ConfigError('IMPORT_SYNTAX', file, `it has more than ${DEPTH_MAX} groups and lists in one another`)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
}

interface Control {
  readonly socketPath?: string
  readonly host?: string
  readonly port?: number
}

/** Where the control API is; undefined: it is a file. */
async function controlOf(file: string, cwd: string): Promise<Control | undefined> {
  const path = /^(?:control:)?unix:(.+)$/.exec(file)?.[1]
  if (path !== undefined) return { socketPath: resolve(cwd, path) }
  if (file.startsWith('http://')) {
    const { hostname, port } = new URL(file)
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  }
  const found = await stat(resolve(cwd, file)).catch(() => undefined)
  return found?.isSocket() ? { socketPath: resolve(cwd, file) } : undefined
}

function asked(address: Control, file: string): Promise<string> {
  return new Promise((done, failed) => {
    const wrong = (why: string): void => failed(new ConfigError('IMPORT_MISSING', file, why))
    const asking = request(
      { ...address, path: '/config', headers: { Host: 'localhost' }, agent: false },
      (response) => {
        const parts: Buffer[] = []
        let size = 0
        response.on('data', (part: Buffer) => {
          size += part.length
          if (size > TEXT_MAX) asking.destroy(new Error(TOO_LONG))
          else parts.push(part)
        })
        response.on('end', () => {
          if (response.statusCode === 200) done(Buffer.concat(parts).toString())
          else wrong(`the control API answers GET /config with ${response.statusCode}`)
        })
        response.on('error', (error) => wrong(`the control API does not answer: ${error.message}`))
      },
    )
    const timer = setTimeout(() => asking.destroy(new Error(`no answer within ${TIME_MAX / 1000} s`)), TIME_MAX)
    asking.on('close', () => clearTimeout(timer))
    asking.on('error', (error) => wrong(`the control API does not answer: ${error.message}`))
    asking.end()
  })
}
