// Where the admin socket is, when no option says it: the same for `serve` and for the commands that ask it.
import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWindows } from '../file-names.ts'

/** How sockets are called where nobody says it: after their folder. */
export const DEFAULT_NAME = /^[0-9a-f]{12}\.sock$/

/** Only this user may enter. */
const FOLDER_MODE = 0o700

/** The folder of a user's admin sockets. */
function runtimeFolder(environment: Readonly<Record<string, string | undefined>>, uid: number): string {
  if (environment.XDG_RUNTIME_DIR) return join(environment.XDG_RUNTIME_DIR, 'sidegate')
  return uid === 0 ? '/run/sidegate' : join(tmpdir(), `sidegate-${uid}`)
}

/**
 * The path of the admin socket, on Windows of the named pipe, for what is served from a folder.
 * @param directory of the configuration, or the working directory where there is none; absolute
 */
export function adminPath(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
  uid: number = process.getuid?.() ?? 0,
  platform: NodeJS.Platform = process.platform,
): string {
  // Names of pipes are those of the whole machine.
  const place = isWindows(platform) ? `${environment.USERNAME ?? ''} ${directory.toLowerCase()}` : directory
  const name = createHash('sha256').update(place).digest('hex').slice(0, 12)
  return isWindows(platform) ? pipePath(`sidegate-${name}`) : join(runtimeFolder(environment, uid), `${name}.sock`)
}

/** A named pipe as node:net has it. */
export function pipePath(name: string): string {
  return `\\\\.\\pipe\\${name}`
}

/** Makes a folder for admin sockets, if it is not there. @throws {Error} of the system, or because it is somebody else's */
export function makeRuntimeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE })
  if (isForeign(folder)) throw new Error(`${folder} belongs to another user, who could put another socket there`)
}

/** True for a folder whose owner is neither this user nor root: in a place that all may write to, whoever comes first makes it. */
export function isForeign(folder: string, uid: number = process.getuid?.() ?? 0): boolean {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid ?? uid
  return owner !== uid && owner !== 0
}
