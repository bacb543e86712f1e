// What Sidegate knows about one web server in front of it. Nothing to run stands here, so that everyone may import it.
import type { ServedFolder } from '../sidecar/served-folder.ts'
import type { Variables } from '../sidecar/variables.ts'
import type { HostOptions } from '../sidecar/wire/codec.ts'

/** One listener, as in the configuration. */
export interface PlugListener {
  /** `unix:/run/sidegate/sidegate.sock`, `127.0.0.1:3031`, `uwsgi://127.0.0.1:3031`. Relative socket paths start at `directory`. */
  readonly address: string
  /** The one protocol allowed there; without it (and without one in the address) the listener takes all that are safe there. */
  readonly protocol?: string | undefined
  /** Peers that write PROXY headers there: they pass on what everybody sends. */
  readonly proxyProtocol?: readonly string[] | undefined
  /** Peers whose X-Forwarded-* count there. */
  readonly trust?: readonly string[] | undefined
}

/** One mount, as in the configuration. */
export interface PlugMount {
  /** `/shop`, `static.example.com`, `example.com/shop`. */
  readonly key: string
  /** `app`, `python`, `files`, …: for comments. */
  readonly kind: string
  /** Each request takes one of few workers for as long as it lasts: uploads and responses are better collected for it. */
  readonly hasWorkers?: boolean | undefined
  /** What it serves, where that is static files that the host may serve itself. */
  readonly folder?: ServedFolder | undefined
}

/** The part of the running configuration that a host's config file is made from. */
export interface PlugInput {
  readonly listeners: readonly PlugListener[]
  readonly mounts: readonly PlugMount[]
  /** Absolute; relative paths start here. */
  readonly directory: string
}

/** How a host's config file is to be written. */
export interface PlugOptions {
  /** The protocol between host and Sidegate: one of the host's `protocols`. Default: the first of them. */
  readonly protocol?: string | undefined
  /** A complete config file instead of a snippet. Default: false. */
  readonly full?: boolean | undefined
  /** The port on which the host listens in a complete config file. Default: 8080. */
  readonly port?: number | undefined
}

/** What the host's own checker says about a config file. */
export interface PlugCheck {
  /** `missing`: the host is not installed here, nothing was checked. */
  readonly result: 'ok' | 'bad' | 'missing'
  /** For people; one line or more, without the paths of temporary files. */
  readonly message: string
}

/** A host: an entry of the list in index.ts. */
export interface Host {
  /** As in the setting `host`. */
  readonly name: string
  /** One sentence for help and docs. */
  readonly summary: string
  /** What it speaks to Sidegate, the recommended one first. */
  readonly protocols: readonly string[]
  /** How its config files end, in configs/. */
  readonly extension: string
  /** Its files in configs/, when they are others than a snippet and a complete config for each protocol. */
  readonly files?: Readonly<Record<string, PlugOptions>>
  /** What a codec has to know of the host: damage that `repair`, which gets variables, would see too late. */
  readonly wire?: HostOptions
  /**
   * Puts right what the host gets wrong in the variables it sends. Pure: gives its argument when nothing is wrong, else a copy.
   * @throws {PeerError} for a path that cannot be decoded.
   */
  repair(variables: Variables): Variables
  /**
   * The host's config, commented, ready to paste.
   * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER
   */
  render(input: PlugInput, options?: PlugOptions): string
  /** The shortest that works, on one line: what `serve` prints. @throws {ConfigError} PLUG_LISTENER */
  brief?(input: PlugInput): string
  /** Has the host check what `render` gives. Only for hosts that can. */
  check?(input: PlugInput, options?: PlugOptions): Promise<PlugCheck>
}
