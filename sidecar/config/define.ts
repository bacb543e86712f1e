// The type of a configuration, for those written in TypeScript or JavaScript.
import type { InferInput } from 'valibot'
import type { listenerSettings } from '../listen/settings.ts'
import type { layers } from '../middleware/index.ts'
import type { MiddlewareKind } from '../middleware/middleware.ts'
import type { kinds } from '../mounts/index.ts'
import type { gatewaySettings } from './settings.ts'

/** An entry of `listen`: an address, or an address with its settings. */
export type ListenConfig = string | InferInput<typeof listenerSettings>

/** A mount: exactly one key names its kind (`app`, `python`, `upstream`, …: docs/config.md has them all), the others are settings of that kind. */
export type MountConfig = InferInput<(typeof kinds)[number]['settings']> & { readonly use?: readonly LayerConfig[] }

/** An entry of `use`: the name of a layer or the file of one, or a group with that as its one key and the settings of the layer. */
export type LayerConfig =
  | (typeof layers)[number]['name']
  | LayerSettings[(typeof layers)[number]['name']]
  | LayerFile
  | { readonly [File in LayerFile]: Readonly<Record<string, unknown>> }

/** A module, such as `./my-layer.ts` or `./layers.ts#mine`. */
type LayerFile = `./${string}` | `../${string}` | `/${string}`

type LayerSettings = {
  [Kind in (typeof layers)[number] as Kind['name']]: { readonly [Name in Kind['name']]: LayerValue<Kind> }
}

/** The settings of a layer, or what its short form takes. */
type LayerValue<Kind extends MiddlewareKind> =
  Kind extends MiddlewareKind<string, infer Schema, infer Short>
    ? InferInput<Schema> | InferInput<Schema>[Short & keyof InferInput<Schema>]
    : never

/** What `sidegate.config.ts` exports; docs/config.md has each setting with its default. */
export interface Config extends InferInput<typeof gatewaySettings> {
  /** Where to listen; an address that others than this machine can reach takes HTTP only. Default: `127.0.0.1:8000`, every protocol. */
  readonly listen?: readonly ListenConfig[]
  /** What is served where: a prefix (`/shop`), a host name (`static.example.com`), or both (`example.com/shop`). */
  readonly mounts: Readonly<Record<string, MountConfig>>
  /** What stands in front of every mount, the first outermost (docs/middleware.md). */
  readonly use?: readonly LayerConfig[]
}

/** Gives its argument: for completion and checks in editors. */
export function defineConfig(config: Config): Config {
  return config
}
