// A mount opened from its settings, and the log it wrote.
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { Log } from '../sidecar/log.ts'
import type { Mount, MountContext, MountKind } from '../sidecar/mounts/mount.ts'
import { makeExchange, type TestExchange, type TestRequest } from './exchange.ts'

/** A mount under test. */
export interface OpenMount {
  mount: Mount
  /** Error records, parsed. */
  logged: Record<string, string>[]
  /** Hands it a request. */
  request(request?: TestRequest): TestExchange
}

/** What of its surroundings is not as usual. */
export type Place = Partial<Pick<MountContext, 'key' | 'platform' | 'scripts'>>

/** Makes a mount; relative files start at `folder`, a folder URL such as `new URL('apps/', import.meta.url)`. */
export function makeMount(kind: MountKind, settings: object, folder: URL, where: Place | string = {}): OpenMount {
  const { key = '/', ...others } = typeof where === 'string' ? { key: where } : where
  const logged: Record<string, string>[] = []
  const sink = { write: (text: string) => text.split('\n').forEach((line) => line && logged.push(JSON.parse(line))) }
  const log = new Log('json', sink, sink)
  const context = { key, path: `mounts.${key}`, directory: fileURLToPath(folder), log, ...others }
  const mount = kind.create(v.parse(kind.settings, settings), context)
  return {
    mount,
    logged,
    request(request) {
      const made = makeExchange(request)
      const pending = mount.handle(made.exchange)
      if (pending) pending.catch((error: unknown) => made.exchange.fail(error))
      return made
    },
  }
}

/** Makes and opens a mount. */
export async function openMount(
  kind: MountKind,
  settings: object,
  folder: URL,
  where?: Place | string,
): Promise<OpenMount> {
  const made = makeMount(kind, settings, folder, where)
  await made.mount.open()
  return made
}
