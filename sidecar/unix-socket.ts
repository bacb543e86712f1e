// A server on the path of a Unix socket. Several starts may want one path at the same time, and a gateway that was killed has left its
// socket there. So a server listens under a name of its own first and gets the path by link(2), which succeeds for one and never replaces
// anything; what is in the way is removed only when nobody answers there, and it is still the same. Stopping removes nobody else's socket.
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { ConfigError } from './errors.ts'

/** Everybody may enter a folder that is made; who may connect is said by the mode of the socket. */
const FOLDER_MODE = 0o755

/** S_ISGID of a folder: its files are of its group. */
const SET_GROUP = 0o2000

/** Bytes that sun_path of Linux holds. */
const PATH_MAX = 107

/** How long others may be in the way, and how often is looked, in milliseconds. */
const CLAIM_TIMEOUT = 15_000
const LOOK_AGAIN = 10
/** A lock is held for two system calls: one that is older was left by a process that was killed between them. */
const LOCK_AGE = 5000

/** How the socket is made. */
export interface SocketOptions {
  readonly mode: number
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  readonly backlog: number
}

/** A socket that is there. */
export interface BoundSocket {
  /** The folder, where it had to be made. */
  readonly folder: string | undefined
  /** What it is in the file system. */
  readonly file: SocketFile
}

/** A socket in the file system: its inode and device. */
export interface SocketFile {
  readonly ino: string
  readonly dev: string
}

/** Removes the path of a socket, unless it belongs to somebody else by now; to be called while a server still listens on it. */
export function releasePath(path: string, file: SocketFile): void {
  if (isThere(path, file)) unlinkSync(path)
}

/** True while the path is that of the socket, and not of another one or of nobody. */
export function isThere(path: string, { ino, dev }: SocketFile): boolean {
  const there = look(path)
  return there !== undefined && String(there.ino) === ino && String(there.dev) === dev
}

/** Whose a file is that this process makes beside the path: its own, and of the group that the folder may give. */
export function ownerOfNew(path: string): SocketOptions['owner'] {
  const folder = statSync(dirname(path))
  return { uid: process.geteuid!(), gid: folder.mode & SET_GROUP ? folder.gid : process.getegid!() }
}

/** Who may connect, and whose it is. */
export function setAccess(path: string, { mode, owner }: Pick<SocketOptions, 'mode' | 'owner'>): void {
  if (owner) chownSync(path, owner.uid, owner.gid)
  chmodSync(path, mode)
}

/**
 * Lets a server listen on a path.
 * @param path the setting's place, for errors
 * @throws {ConfigError} ADDRESS_IN_USE when something answers there or when it is no socket; ADDRESS_UNAVAILABLE; errors of the system
 */
export async function listenOnPath(
  server: Server,
  file: string,
  options: SocketOptions,
  path: string,
): Promise<BoundSocket> {
  const folder = makeFolder(dirname(file), path)
  // With letters that no number has: Node.js takes a path such as `.7227e768` for a port.
  const name = `.sg${randomBytes(3).toString('hex')}`
  const own = join(dirname(file), name)
  if (Buffer.byteLength(own) > PATH_MAX) {
    const message = `the folder of ${file} has a path longer than the ${PATH_MAX - 1 - name.length} bytes that leave room for a name`
    throw new ConfigError('ADDRESS_UNAVAILABLE', path, message)
  }
  await listenHidden(server, own, options.backlog)
  try {
    await claim(own, file, path)
    const { ino, dev } = look(own)!
    const mine: SocketFile = { ino: String(ino), dev: String(dev) }
    try {
      setAccess(own, options)
      unlinkSync(own)
    } catch (error) {
      releasePath(file, mine)
      throw error
    }
    return { folder, file: mine }
  } catch (error) {
    // Removes its own name too.
    server.close()
    throw error
  }
}

/** Makes the last folder of a path when it is not there. More are not made: most often such a path has a mistake. */
function makeFolder(folder: string, path: string): string | undefined {
  if (look(folder)) return undefined
  try {
    mkdirSync(folder, FOLDER_MODE)
    // Whatever the mask is: a strict one would keep the web server out.
    chmodSync(folder, FOLDER_MODE)
    return folder
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Somebody else made it meanwhile.
    if (code === 'EEXIST') return undefined
    if (code !== 'ENOENT') throw error
    const message = `the folder ${dirname(folder)} is not there; of the path of a socket only the last folder is made`
    throw new ConfigError('ADDRESS_UNAVAILABLE', path, message, { cause: error })
  }
}

/** The file is made inside listen(); the mask keeps others out until chmod has run. */
async function listenHidden(server: Server, file: string, backlog: number): Promise<void> {
  const mask = process.umask(0o777)
  try {
    server.listen({ path: file, backlog })
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
}

/** Gives the socket `own` the name `file` as well. */
async function claim(own: string, file: string, path: string): Promise<void> {
  const inUse = (why: string): ConfigError => new ConfigError('ADDRESS_IN_USE', path, why)
  const end = performance.now() + CLAIM_TIMEOUT
  for (;;) {
    if (linked(own, file)) return
    const found = look(file)
    if (found && !found.isSocket()) throw inUse(`${file} exists and is no socket: move it away, or listen elsewhere`)
    if (found && (await answers(file)))
      throw inUse(`unix:${file} is in use: another process answers there. Stop it, or listen elsewhere`)
    if (!found || removed(file, found)) continue
    if (performance.now() > end) throw inUse(`unix:${file} is in use: other processes are starting there as well`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN))
  }
}

/** False when there is something of that name. */
function linked(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a socket on which nobody listens, unless it is another one by now. Only one process at a time does that, so that between the look
 * and the removal nobody puts another in its place: its name is taken until then.
 * @returns false when another process is about to
 */
function removed(file: string, found: BigIntStats): boolean {
  const lock = `${file}.lock`
  try {
    closeSync(openSync(lock, 'wx'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const held = look(lock)
    if (held && Date.now() - Number(held.mtimeMs) > LOCK_AGE) rmSync(lock, { force: true })
    return false
  }
  try {
    const there = look(file)
    // The time as well: a system gives numbers that are free again to new files.
    const same = there && there.ino === found.ino && there.dev === found.dev && there.ctimeNs === found.ctimeNs
    if (same) unlinkSync(file)
    return true
  } finally {
    rmSync(lock, { force: true })
  }
}

/**
 * Removes the sockets of a folder on which nobody listens: what processes have left that were killed.
 * @param names which of them are looked at
 */
export async function removeDead(folder: string, names: RegExp): Promise<void> {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    const found = names.test(name) ? look(file) : undefined
    if (found?.isSocket() && !(await answers(file))) removed(file, found)
  }
}

function look(file: string): BigIntStats | undefined {
  return lstatSync(file, { bigint: true, throwIfNoEntry: false })
}

/** Whether somebody answers at a path, or at a named pipe of Windows. */
export function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path: file })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}
