// The owner of a Unix socket: names to numbers, from the system's own files.
import { readFileSync } from 'node:fs'
import { ConfigError } from '../errors.ts'

/**
 * Reads `USER`, `USER:GROUP` or `:GROUP`; -1 stands for "leave as it is", as with chown(2).
 * @throws {ConfigError} OWNER_UNKNOWN
 */
export function parseOwner(text: string, path: string): { uid: number; gid: number } {
  const [user = '', group = ''] = text.split(':', 2)
  return { uid: lookUp('/etc/passwd', 'user', user, path), gid: lookUp('/etc/group', 'group', group, path) }
}

function lookUp(file: string, what: string, name: string, path: string): number {
  if (name === '') return -1
  if (/^[0-9]+$/.test(name)) return Number(name)
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const id = line?.split(':')[2]
  if (id === undefined)
    throw new ConfigError('OWNER_UNKNOWN', path, `there is no ${what} called ${name} on this machine`)
  return Number(id)
}
