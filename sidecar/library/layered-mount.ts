// A mount with layers in front of it: to whoever has it, a mount like any other.
import { chain, checkAll, closeAll, openAll, purgeAll, statusOf } from '../middleware/chain.ts'
import type { Middleware } from '../middleware/middleware.ts'
import { answer } from '../mounted.ts'
import type { Mount, MountStatus } from '../mounts/mount.ts'

/**
 * @param layers the first of them is outermost
 * @param another makes the same layers once more, for a mount that reloads itself
 */
export function layeredMount(mount: Mount, layers: readonly Middleware[], another: () => readonly Middleware[]): Mount {
  return layers.length === 0 ? mount : new LayeredMount(mount, layers, another).asMount
}

class LayeredMount {
  readonly #mount: Mount
  readonly #layers: readonly Middleware[]
  readonly #another: () => readonly Middleware[]
  /** Another one has the mount now. */
  #left = false

  constructor(mount: Mount, layers: readonly Middleware[], another: () => readonly Middleware[]) {
    this.#mount = mount
    this.#layers = layers
    this.#another = another
  }

  /** With what the mount has, and nothing beside. */
  get asMount(): Mount {
    const mount = this.#mount
    const layers = this.#layers
    const { stays } = mount
    const gone = (): boolean => this.#left
    return {
      // Some know it only once they are open.
      get findsFiles() {
        return mount.findsFiles ?? false
      },
      ...(stays !== undefined && { stays }),
      async open() {
        await openAll(layers)
        await mount.open()
      },
      ...(mount.check && {
        async check(connect: boolean) {
          await checkAll(layers)
          await mount.check!(connect)
        },
      }),
      handle: chain(layers, (exchange) => answer(mount, exchange)),
      ...((mount.status || layers.some((layer) => layer.status)) && { status: () => this.#status }),
      ...(mount.reload && { reload: () => this.#reload() }),
      ...(mount.stacks && { stacks: async () => (gone() ? [] : mount.stacks!()) }),
      ...(mount.recycle && { recycle: async (pid: number) => !gone() && mount.recycle!(pid) }),
      purge: (pattern) => purgeAll(layers, pattern),
      close: () => this.#close(),
    }
  }

  get #status(): MountStatus {
    const own = this.#left ? undefined : this.#mount.status?.()
    const layers = statusOf(this.#layers)
    return layers.length === 0 ? { ...own } : { ...own, layers }
  }

  /** Layers are as new as the processes behind them: those before stay with the requests that they have. */
  async #reload(): Promise<Mount> {
    const layers = this.#another()
    try {
      await openAll(layers)
      await this.#mount.reload!()
    } catch (error) {
      await closeAll(layers)
      throw error
    }
    this.#left = true
    return new LayeredMount(this.#mount, layers, this.#another).asMount
  }

  async #close(): Promise<void> {
    if (!this.#left) await this.#mount.close()
    await closeAll(this.#layers)
  }
}
