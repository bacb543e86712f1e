// What the administrator brings for a service, and what its account has to be able to read.
import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { folded, isBelow } from '../file-names.ts'
import type { ServiceWish } from './service-plan.ts'

/** Where the wrapper comes from, for people. */
export const WINSW = 'WinSW-x64.exe of https://github.com/winsw/winsw/releases'

/**
 * The absolute path of the wrapper.
 * @throws {ConfigError} SERVICE_WRAPPER
 */
export function demandWrapper(given: string | undefined, cwd: string, platform?: NodeJS.Platform): string {
  const wrong = (message: string): ConfigError => new ConfigError('SERVICE_WRAPPER', '--wrapper', message)
  if (given === undefined) throw wrong(`node.exe cannot be a service by itself: give ${WINSW}`)
  const file = resolve(cwd, given)
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw wrong(`${file} is not there: get ${WINSW}`)
  if (folded(extname(file), platform) !== '.exe') throw wrong(`${file} is no program: give ${WINSW}`)
  return file
}

/** Warnings of what lies in the folder of a user, whom alone it most often is open to. */
export function unreadable(
  { account, node, main, config }: Pick<ServiceWish, 'account' | 'node' | 'main' | 'config'>,
  profile: string | undefined,
  platform?: NodeJS.Platform,
): string[] {
  if (profile === undefined) return []
  const what = { 'Node.js': node, Sidegate: main, 'the configuration': config }
  return Object.entries(what)
    .filter(([, path]) => isBelow(path, profile, platform))
    .map(
      ([thing, path]) =>
        `${thing} is in your own folder (${path}), which ${account} may not read: move it, or give --account`,
    )
}
