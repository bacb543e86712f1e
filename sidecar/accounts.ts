// Users and groups by name or number, from the system's own files.
import { readFileSync } from 'node:fs'
import { ConfigError } from './errors.ts'

/** A user; what is not in the file is not known. */
export interface Account {
  readonly uid: number
  readonly gid?: number
  readonly name?: string
  readonly home?: string
}

/**
 * @param path the setting's place, for the error
 * @throws {ConfigError} OWNER_UNKNOWN for a name that is not there; a number need not be
 */
export function userCalled(name: string, path: string): Account {
  const found = entry('/etc/passwd', name)
  if (found) return { name: found[0]!, uid: Number(found[2]), gid: Number(found[3]), home: found[5]! }
  return { uid: numberOf('user', name, path) }
}

/** As `userCalled`; gives the number. */
export function groupCalled(name: string, path: string): number {
  const found = entry('/etc/group', name)
  return found ? Number(found[2]) : numberOf('group', name, path)
}

function entry(file: string, name: string): string[] | undefined {
  const at = /^[0-9]+$/.test(name) ? 2 : 0
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[at] === name)
}

function numberOf(what: string, name: string, path: string): number {
  if (/^[0-9]+$/.test(name)) return Number(name)
  throw new ConfigError('OWNER_UNKNOWN', path, `there is no ${what} called ${name} on this machine`)
}
