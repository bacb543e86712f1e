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
export async function administer({ options, context }: Call, asked: Asked): Promise<AdminAnswer> {
  const place = await placeOf(text(options, 'admin'), text(options, 'config'), context)
  return askAdmin(place, asked.method, asked.path + queryOf(asked.query))
}

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
  // Where somebody is, the configuration need not be right to ask.
  const usual = adminPath(directory, environment)
  if (file !== undefined && !isWindows() && !existsSync(usual)) {
    const { data } = await loadConfig(file, cwd, environment)
    const setting = (data as { admin?: unknown } | undefined)?.admin
    if (setting === false)
      throw new ConfigError('ADMIN_UNREACHABLE', '', `${file} has admin: false, so nobody can be asked`)
    if (typeof setting === 'string') return adminPlace({ ...where, setting })
  }
  if (!isWindows() && isForeign(dirname(usual)))
    throw new ConfigError('ADMIN_UNREACHABLE', '', `unix:${usual}: the folder belongs to another user`)
  return usual
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
