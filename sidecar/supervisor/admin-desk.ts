// Where the supervisor is administered: a socket at the place that the gateway names which serves.
import { dirname } from 'node:path'
import { makeRuntimeFolder } from '../admin/place.ts'
import { AdminServer } from '../admin/server.ts'
import type { Administered } from '../admin/status.ts'
import type { Log } from '../log.ts'

export class AdminDesk {
  readonly #of: Administered
  #server: AdminServer | undefined
  #path = ''

  constructor(of: Administered) {
    this.#of = of
  }

  /** Answers at a path, and nowhere else. Where it cannot, that is told, and nothing else follows from it. */
  async at(path: string, log: Log): Promise<void> {
    if (path === this.#path) return
    this.close()
    this.#path = path
    const server = new AdminServer(this.#of)
    this.#server = server
    try {
      makeRuntimeFolder(dirname(path))
      await server.open(path)
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
    this.#server?.close()
  }
}
