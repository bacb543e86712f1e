// Which app a worker runs.
import type { Log } from '../log.ts'
import type { AppSettings } from '../mounts/javascript/app.ts'
import type { FetchSettings } from '../mounts/javascript/fetch.ts'
import type { JsgiSettings } from '../mounts/javascript/jsgi.ts'
import type { NodeSettings } from '../mounts/javascript/node.ts'
import type { Mount, MountContext } from '../mounts/mount.ts'

/** What the gateway says first: JSON. */
export type Opening = {
  /** Of the mount: as in MountContext. */
  readonly key: string
  readonly path: string
  readonly directory: string
  /** Other processes run the same app. */
  readonly multiprocess: boolean
} & (
  | { readonly kind: 'app'; readonly settings: AppSettings }
  | { readonly kind: 'node'; readonly settings: NodeSettings }
  | { readonly kind: 'fetch'; readonly settings: FetchSettings }
  | { readonly kind: 'jsgi'; readonly settings: JsgiSettings }
)

/** Loads the app. @throws {ConfigError} as Mount.open */
export async function openMount(opening: Opening, log: Log): Promise<Mount> {
  const mount = await makeMount(opening, { ...opening, log })
  await mount.open()
  return mount
}

/** Only what this kind needs is loaded. */
async function makeMount(opening: Opening, context: MountContext): Promise<Mount> {
  switch (opening.kind) {
    case 'app':
      return (await import('../mounts/javascript/app.ts')).appHere(opening.settings, context, opening.multiprocess)
    case 'node':
      return (await import('../mounts/javascript/node.ts')).nodeHere(opening.settings, context)
    case 'fetch':
      return (await import('../mounts/javascript/fetch.ts')).fetchHere(opening.settings, context)
    case 'jsgi':
      return (await import('../mounts/javascript/jsgi.ts')).jsgiHere(opening.settings, context, opening.multiprocess)
  }
}
