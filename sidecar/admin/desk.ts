// Where a Sidegate is administered: a socket at one place.
import { basename, dirname } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { isWindows } from '../file-names.ts'
import { removeDead } from '../unix-socket.ts'
import type { Log } from '../log.ts'
import { DEFAULT_NAME, makeRuntimeFolder } from './place.ts'
import { AdminServer } from './server.ts'
import type { Administered } from './status.ts'

/** How long the supervisor before may take to leave the socket, and how often is looked, in milliseconds. */
const WAIT_MS = 10_000
const LOOK_MS = 50

async function openOn(server: AdminServer, path: string, until: number): Promise<void> {
  try {
    await server.open(path)
  } catch (error) {
    if (performance.now() > until || (error as { code?: string }).code !== 'ADDRESS_IN_USE') throw error
    await after(LOOK_MS)
    await openOn(server, path, until)
  }
}

export class AdminDesk {
  readonly #of: Administered
  #server: AdminServer | undefined
  #path = ''

  constructor(of: Administered) {
    this.#of = of
  }

  /**
   * Answers at a path, and nowhere else. Where it cannot, that is told, and nothing else follows from it.
   * @param path empty: nowhere
   * @param wait another supervisor is there, and about to leave
   */
  async at(path: string, log: Log, wait = false): Promise<void> {
    if (path === this.#path) return
    this.close()
    this.#path = path
    if (path === '') return
    const server = new AdminServer(this.#of)
    this.#server = server
    try {
      if (!isWindows()) makeRuntimeFolder(dirname(path))
      await openOn(server, path, wait ? performance.now() + WAIT_MS : 0)
      if (!isWindows() && DEFAULT_NAME.test(basename(path))) await removeDead(dirname(path), DEFAULT_NAME)
    } catch (error) {
      this.#path = ''
      const message = `no admin socket at ${path}: ${(error as Error).message}; sidegate status, reload, stop and the like do not reach this one`
      log.warn(message, { code: 'ADMIN_OFF' })
    }
  }

  /** Works twice. */
  close(): void {
    this.#path = ''
    this.#server?.close()
  }
}
