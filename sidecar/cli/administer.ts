// What `status`, `reload` and `stop` have in common: they ask the Sidegate of a configuration.
import { dirname, resolve } from 'node:path'
import { adminPath, isForeign } from '../admin/place.ts'
import { askAdmin, type AdminAnswer } from '../admin/client.ts'
import { findConfig } from '../config/load.ts'
import { ConfigError } from '../errors.ts'
import { text, type Call, type Option } from './command.ts'

/** Which Sidegate is meant. */
export const administerOptions: readonly Option[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    text: 'The configuration that it was started with.',
    default: 'the one of this folder, or what was started here without one',
  },
  { name: 'admin', value: 'PATH', text: 'The socket, where it was started with --admin.' },
]

/**
 * Asks the Sidegate that a call means.
 * @throws {ConfigError} ADMIN_UNREACHABLE; CONFIG_TWICE
 */
export async function administer(
  { options, context }: Call,
  method: 'GET' | 'POST',
  url: string,
): Promise<AdminAnswer> {
  const { cwd, environment } = context
  const admin = text(options, 'admin')
  if (admin !== undefined) return askAdmin(resolve(cwd, admin), method, url)
  const file = text(options, 'config') ?? findConfig(cwd)
  const path = adminPath(file === undefined ? cwd : dirname(resolve(cwd, file)), environment)
  if (isForeign(dirname(path)))
    throw new ConfigError('ADMIN_UNREACHABLE', '', `unix:${path}: the folder belongs to another user`)
  return askAdmin(path, method, url)
}
