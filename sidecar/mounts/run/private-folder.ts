// The folder of the sockets of one mount: whoever could connect could pose as any client, so it is for one user alone.
import { chown, lstat, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../errors.ts'
import type { Endpoint } from '../../address.ts'

/** Whose it is; undefined: the gateway's own user's. */
export interface FolderOwner {
  readonly uid: number | undefined
  readonly gid: number | undefined
}

/** Bytes that sun_path of Linux holds. A program that cuts a longer one off listens where nobody looks. */
const PATH_MAX = 107
/** As many digits as the starts of a mount may come to. */
const NAME = '/000000000.sock'

/** A folder that is made when it is needed. */
export class PrivateFolder {
  readonly #owner: FolderOwner
  /** Undefined before `open`. */
  path: string | undefined
  #starts = 0

  constructor(owner: FolderOwner) {
    this.#owner = owner
  }

  /** @param setting for the error. @throws {ConfigError} RUN_PLACE where no socket fits in */
  async open(setting: string): Promise<void> {
    this.path = await this.#make()
    const bytes = Buffer.byteLength(this.path + NAME)
    if (bytes <= PATH_MAX) return
    await this.close()
    throw new ConfigError(
      'RUN_PLACE',
      setting,
      `the path of a Unix socket below ${tmpdir()} would have ${bytes} bytes, and the system takes ${PATH_MAX}: set TMPDIR of the gateway to a shorter one`,
    )
  }

  /** A name of its own for each start: what is left of the one before is in nobody's way. */
  async next(): Promise<Extract<Endpoint, { kind: 'unix' }>> {
    // Old files are cleared away from the system's folder for temporary ones, and the place may be somebody else's by then.
    if (this.path !== undefined && !(await this.#isOurs(this.path))) this.path = await this.#make()
    return { kind: 'unix', path: join(this.path!, `${++this.#starts}.sock`) }
  }

  /** Works twice. */
  async close(): Promise<void> {
    const { path } = this
    this.path = undefined
    if (path !== undefined) await rm(path, { recursive: true, force: true })
  }

  /** mkdtemp makes it 0700. */
  async #make(): Promise<string> {
    const { uid, gid } = this.#owner
    const path = await mkdtemp(join(tmpdir(), 'sidegate-'))
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
    return path
  }

  async #isOurs(path: string): Promise<boolean> {
    const found = await lstat(path).catch(() => undefined)
    return found?.isDirectory() === true && found.uid === (this.#owner.uid ?? process.getuid?.() ?? found.uid)
  }
}
