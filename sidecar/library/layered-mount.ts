// A mount with layers in front of it: to whoever has it, a mount like any other.
import { chain, checkAll, closeAll, openAll, purgeAll } from '../middleware/chain.ts'
import type { Middleware } from '../middleware/middleware.ts'
import { answer } from '../mounted.ts'
import type { Mount } from '../mounts/mount.ts'

/** `layers`: the first of them is outermost. */
export function layeredMount(mount: Mount, layers: readonly Middleware[]): Mount {
  if (layers.length === 0) return mount
  const next = chain(layers, (exchange) => answer(mount, exchange))
  const { stays } = mount
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
    handle: next,
    ...(mount.status && { status: () => mount.status!() }),
    ...(mount.reload && { reload: () => mount.reload!() }),
    ...(mount.stacks && { stacks: () => mount.stacks!() }),
    ...(mount.recycle && { recycle: (pid: number) => mount.recycle!(pid) }),
    purge: (pattern) => purgeAll(layers, pattern),
    async close() {
      await mount.close()
      await closeAll(layers)
    },
  }
}
