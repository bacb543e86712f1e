// Where the supervisor is administered: a socket at the place that the gateway names which serves.
import { dirname } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { makeRuntimeFolder } from '../admin/place.ts'
import { AdminServer } from '../admin/server.ts'
import type { Administered } from '../admin/status.ts'
import type { Log } from '../log.ts'

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
   * @param wait another supervisor is there, and about to leave
   */
  async at(path: string, log: Log, wait = false): Promise<void> {
    if (path === this.#path) return
    this.close()
    this.#path = path
    const server = new AdminServer(this.#of)
    this.#server = server
    try {
      makeRuntimeFolder(dirname(path))
      await openOn(server, path, wait ? performance.now() + WAIT_MS : 0)
    } catch (error) {
      this.#path = ''
      log.warn(
        `no admin socket at ${path}: ${(error as Error).message}; status, reload and stop do not reach this Sidegate`,
        {
          code: 'ADMIN_OFF',
        },
      )
    }
  }

  /** Works twice. */
  close(): void {
    this.#path = ''
    this.#server?.close()
  }
}
