// What Sidegate knows about one web server in front of it. Nothing to run stands here, so that everyone may import it.
import type { ServedFolder, SharedFiles } from '../sidecar/served-folder.ts'
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
  /** Which host it takes to be in front. */
  readonly host?: string | undefined
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
  /** What lies beside its scripts, where the host may send some of that itself. */
  readonly shared?: SharedFiles | undefined
}

/** The part of the running configuration that a host's config file is made from. */
export interface PlugInput {
  readonly listeners: readonly PlugListener[]
  readonly mounts: readonly PlugMount[]
  /** Absolute; relative paths start here. */
  readonly directory: string
  /** The file of the configuration, absolute. Unset: the targets of a command line. */
  readonly config?: string | undefined
  /** Of this Sidegate, for hosts that start it: where Node.js is, and the folder of the program. Unset: as npm puts them on such a host. */
  readonly programs?: { readonly node: string; readonly folder: string } | undefined
}

/** How a host's config file is to be written. */
export interface PlugOptions {
  /** The protocol between host and Sidegate: one of the host's `protocols`. Default: the first of them. */
  readonly protocol?: string | undefined
  /** A complete config file instead of a snippet. Default: false. */
  readonly full?: boolean | undefined
  /** Of a host that needs several files, the name of one. Default: all of them, one below the other. */
  readonly part?: string | undefined
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

/** How a host that runs is to be changed, by its API. */
export interface PlugChange {
  /** The address of the API, as of parseAddress. */
  readonly control: string
  /** Under this name what is Sidegate's is found again. Default: `sidegate`. */
  readonly name?: string | undefined
  /** The host's listener that is to be Sidegate's, as the host writes it. Default: `*:8080`. */
  readonly listener?: string | undefined
  /** A route of someone else's that Sidegate is added to, in place of a listener of its own. */
  readonly into?: string | undefined
  /** PEM files with a certificate chain and its key, for TLS on the listener. Absolute. */
  readonly certificates?: readonly string[] | undefined
  /** Peers of the host, proxies too, whose X-Forwarded-* count. */
  readonly forwardedFrom?: readonly string[] | undefined
  /** Show what would change, and change nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Ask the host for something of Sidegate's afterwards, and take back what was changed when that fails. Default: true. */
  readonly verify?: boolean | undefined
  /** Seconds that an answer may take. Default: 30. */
  readonly timeout?: number | undefined
}

/** Where a change is told of. */
export interface PlugReport {
  /** What changes: what was asked for. */
  tell(line: string): void
  /** What should be known beside that. */
  note(line: string): void
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
  /** What its files in configs/ are written for, where that is not what those of the others are. */
  readonly example?: PlugInput
  /** The names of its files, where it needs several. */
  readonly parts?: readonly string[]
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
  /** Looks for what usually keeps the host from reaching Sidegate on this machine. Gives errors with the code HOST_SETUP. */
  examine?(input: PlugInput): Promise<readonly Error[]>
  /** Has the host check what `render` gives. Only for hosts that can. */
  check?(input: PlugInput, options?: PlugOptions): Promise<PlugCheck>
  /**
   * Puts what `render` gives into the host that runs, and leaves alone what is not Sidegate's. Only for hosts that have an API for that.
   * @throws {ConfigError} as of `render`; UNIT_…
   */
  apply?(input: PlugInput, change: PlugChange, report: PlugReport): Promise<void>
  /** Takes all of it out again. @throws {ConfigError} UNIT_… */
  remove?(change: PlugChange, report: PlugReport): Promise<void>
}
