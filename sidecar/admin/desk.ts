// Where a Sidegate is administered: a socket at one place.
//
// Whoever was there first keeps it. One that finds another there, most often the one before that still drains, is told of and looked for again
// from time to time: it takes the place once nobody answers there.
import { basename, dirname } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { isWindows } from '../file-names.ts'
import { answers, removeDead } from '../unix-socket.ts'
import type { Log } from '../log.ts'
import { DEFAULT_NAME, makeRuntimeFolder } from './place.ts'
import { AdminServer } from './server.ts'
import type { Administered } from './status.ts'

/** How long the supervisor before may take to leave the socket, and how often is looked, in milliseconds. */
const WAIT_MS = 10_000
const LOOK_MS = 50

/** How often is looked whether another one has left it, in milliseconds: at first, and at the most seldom. */
const LOOK_AGAIN_MS = 1000
const LOOK_SELDOM_MS = 16_000

const isInUse = (error: unknown): boolean => (error as { code?: string }).code === 'ADDRESS_IN_USE'

async function openOn(server: AdminServer, path: string, until: number): Promise<void> {
  try {
    await server.open(path)
  } catch (error) {
    if (performance.now() > until || !isInUse(error)) throw error
    await after(LOOK_MS)
    await openOn(server, path, until)
  }
}

export class AdminDesk {
  readonly #of: Administered
  #server: AdminServer | undefined
  #path = ''
  #again: NodeJS.Timeout | undefined

  constructor(of: Administered) {
    this.#of = of
  }

  /**
   * Answers at a path, and nowhere else. Where it cannot, that is told, and nothing else follows from it; where another one answers there, it
   * does so once that one has gone.
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
      await this.#open(server, path, wait ? performance.now() + WAIT_MS : 0)
    } catch (error) {
      // It may have been sent elsewhere, or closed, meanwhile.
      if (this.#server !== server) return
      const inUse = isInUse(error)
      const then = inUse ? ' until that one has gone' : ''
      const message = `no admin socket at ${path}: ${(error as Error).message}; sidegate status, reload, stop and the like do not reach this one${then}`
      log.warn(message, { code: 'ADMIN_OFF' })
      if (inUse) this.#lookAgain(server, path, log, LOOK_AGAIN_MS)
      else this.#path = ''
    }
  }

  /** Works twice. */
  close(): void {
    clearTimeout(this.#again)
    this.#path = ''
    this.#server?.close()
    this.#server = undefined
  }

  async #open(server: AdminServer, path: string, until: number): Promise<void> {
    if (!isWindows()) makeRuntimeFolder(dirname(path))
    await openOn(server, path, until)
    if (!isWindows() && DEFAULT_NAME.test(basename(path))) await removeDead(dirname(path), DEFAULT_NAME)
  }

  #lookAgain(server: AdminServer, path: string, log: Log, milliseconds: number): void {
    const look = async (): Promise<void> => {
      try {
        if (!(await answers(path)) && this.#server === server) {
          await this.#open(server, path, 0)
          if (this.#server === server)
            log.info(`the admin socket at ${path} is this one's now: the one that had it has gone`)
          return
        }
      } catch (error) {
        if (this.#server !== server) return
        if (!isInUse(error)) {
          this.#path = ''
          log.warn(`no admin socket at ${path}: ${(error as Error).message}`, { code: 'ADMIN_OFF' })
          return
        }
      }
      if (this.#server === server) this.#lookAgain(server, path, log, Math.min(2 * milliseconds, LOOK_SELDOM_MS))
    }
    this.#again = setTimeout(look, milliseconds).unref()
  }
}
