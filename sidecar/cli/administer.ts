// What the commands have in common that ask the Sidegate of a configuration.
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { adminPath, isForeign } from '../admin/place.ts'
import { askAdmin, type AdminAnswer } from '../admin/client.ts'
import { findConfig, loadConfig } from '../config/load.ts'
import { ConfigError } from '../errors.ts'
import { isWindows } from '../file-names.ts'
import { adminPlace } from './admin-place.ts'
import { EXIT, text, type Call, type Context, type Option } from './command.ts'

/** Which Sidegate is meant. */
export const administerOptions: readonly Option[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    text: 'The configuration that it was started with.',
    default: 'the one of this folder, or what was started here without one',
  },
  { name: 'admin', value: 'ADDRESS', text: 'The socket, where it was started with --admin.' },
]

/** What is said to it: the way (docs/admin.md), and its parameters. */
export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
}

/**
 * Asks the Sidegate that a call means.
 * @throws {ConfigError} ADMIN_UNREACHABLE; CONFIG_TWICE; what is wrong with the configuration, where that has to be read
 */
export async function administer(call: Call, asked: Asked): Promise<AdminAnswer> {
  const { options, context } = call
  const place = places.get(call) ?? placeOf(text(options, 'admin'), text(options, 'config'), context)
  places.set(call, place)
  return askAdmin(await place, asked.method, asked.path + queryOf(asked.query))
}

/** Who asks again and again means the same one, and reads the configuration once. */
const places = new WeakMap<Call, Promise<string>>()

function queryOf(query: Asked['query'] = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

async function placeOf(option: string | undefined, config: string | undefined, context: Context): Promise<string> {
  const { cwd, environment } = context
  const file = config ?? findConfig(cwd)
  const directory = file === undefined ? cwd : dirname(resolve(cwd, file))
  const where = { directory, option, cwd, environment }
  if (option !== undefined) return adminPlace({ ...where, setting: undefined })
  const usual = adminPath(directory, environment)
  const setting = file === undefined ? undefined : await settingOf(file, usual, context)
  if (setting === false)
    throw new ConfigError('ADMIN_UNREACHABLE', '', `${file} has admin: false, so nobody can be asked`)
  if (typeof setting === 'string') return adminPlace({ ...where, setting })
  if (!isWindows() && isForeign(dirname(usual)))
    throw new ConfigError('ADMIN_UNREACHABLE', '', `unix:${usual}: the folder belongs to another user`)
  return usual
}

/**
 * `admin` of a configuration: another one in its folder may be at the usual place.
 * @throws {ConfigError} CONFIG_MISSING; what is wrong with it, where nobody is at the usual place
 */
async function settingOf(file: string, usual: string, { cwd, environment }: Context): Promise<unknown> {
  try {
    const { data } = await loadConfig(file, cwd, environment)
    return (data as { admin?: unknown } | undefined)?.admin
  } catch (error) {
    // Where somebody is, the configuration need not be right to ask.
    const missing = (error as ConfigError).code === 'CONFIG_MISSING'
    if (!missing && (isWindows() || existsSync(usual))) return undefined
    throw error
  }
}

/** Prints what came of an order. @returns the exit code. @throws {ConfigError} what kept it from being done, where that has a code */
export function told({ status, body }: AdminAnswer, { stdout, stderr }: Context): number {
  const { code, message } = body as { code?: string; message: string }
  if (status < 300) {
    stdout.write(`${message}\n`)
    return EXIT.ok
  }
  if (code !== undefined) throw new ConfigError(code, '', message.trimEnd())
  stderr.write(`sidegate: ${message.trimEnd()}\n`)
  return EXIT.failed
}
