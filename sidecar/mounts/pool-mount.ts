// A mount whose app runs in a pool of worker processes: what is the same whatever workers they are.
import type { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { StartError } from '../processes/start-error.ts'
import { Pool, type PoolOptions } from '../workers/pool.ts'
import type { Mount, MountStatus, Stack } from './mount.ts'

/** What it answers with comes of its pool. */
export abstract class PoolMount implements Mount {
  #pool: Pool | undefined

  /** Its pool, as the settings have it. @throws {ConfigError} */
  protected abstract options(): PoolOptions | Promise<PoolOptions>

  /** What of the settings keeps a worker from coming up. */
  protected abstract configError(error: StartError): ConfigError

  async open(): Promise<void> {
    this.#pool = new Pool(await this.options())
    await this.#started(this.#pool.open())
  }

  handle(exchange: Exchange): void | Promise<void> {
    this.#pool!.handle(exchange)
  }

  status(): MountStatus {
    return this.#pool?.status ?? { pids: [], waiting: 0 }
  }

  async reload(): Promise<void> {
    await this.#started(this.#pool?.reload())
  }

  async recycle(pid: number): Promise<boolean> {
    return (await this.#started(this.#pool?.recycle(pid))) ?? false
  }

  async stacks(): Promise<readonly Stack[]> {
    return (await this.#pool?.stacks()) ?? []
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }

  /** Waits for workers. @throws {ConfigError} */
  async #started<T>(start: Promise<T> | undefined): Promise<T | undefined> {
    try {
      return await start
    } catch (error) {
      throw error instanceof StartError ? this.configError(error) : error
    }
  }
}
