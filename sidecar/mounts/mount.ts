// What every kind of mount is: settings declared once, and open → handle → close.
import type { GenericSchema, InferOutput } from 'valibot'
import type { DurationsReport } from '../durations.ts'
import type { Exchange } from '../exchange.ts'
import type { Log } from '../log.ts'
import type { ServedFolder, SharedFiles } from '../served-folder.ts'
import type { BareTarget, Claim, KnownExports } from './bare-target.ts'
import type { ScriptPlace } from './script-places.ts'

/** A mount in use. */
export interface Mount {
  /** What it answers with is found by the path in a folder, to which an empty segment means nothing. Default: false. */
  readonly findsFiles?: boolean
  /** Why no other mount of the same settings can take over from it while the gateway runs, and the way out. Not there where one can. */
  readonly stays?: string
  /**
   * Loads the app, starts what it needs; the gateway listens only when every mount is open.
   * @throws {ConfigError} when something named in the settings is not there or does not load.
   */
  open(): Promise<void>
  /**
   * What can be said of it without loading the app or starting anything: files are there and can be read, servers accept connections. Not
   * there where `open` itself does nothing else.
   * @param connect try the servers too
   * @throws {ConfigError} as open
   */
  check?(connect: boolean): Promise<void>
  /**
   * Answers one exchange. What it throws (or rejects with) becomes the response; a client that is gone is not an error.
   * Its promise is for what goes wrong, and for nothing else: it may settle with the response, or long before, where a queue or an app has
   * the exchange from then on. When a request is over the exchange tells (`over`), and so counts the mount in its place (mounted.ts).
   */
  handle(exchange: Exchange): void | Promise<void>
  /** What it says of itself beside what is counted of it; not there where it has nothing to say. Works before `open`, and after `close`. */
  status?(): MountStatus
  /**
   * Has new processes take over from those that serve: they come up beside them, and the old ones go only when the new ones are ready. Not
   * there where nothing is saved by that: then another mount is opened beside this one, and this one is drained and closed.
   * @returns another mount with the same processes, where what stands in front of them is new too: this one is drained and closed then,
   *   which ends none of the processes
   * @throws {ConfigError} when they do not come up: then those before serve on
   */
  reload?(): Promise<Mount | void>
  /** What the processes of the app are doing at this moment. Not there where nobody can tell. Never rejects: what one cannot tell is in its text. */
  stacks?(): Promise<readonly Stack[]>
  /**
   * Has another process take the place of one, and lets that one finish what it has. Not there where there is one process or none.
   * @returns once the other one is ready; false when it has no such process
   * @throws {ConfigError} when the other one does not come up: then the one before serves on
   */
  recycle?(pid: number): Promise<boolean>
  /** Has the layers in front of it forget what they have stored of URLs. Not there where nothing is stored. @returns how many responses that were */
  purge?(pattern: string): number
  /** Stops. Works after a failed `open`, and twice. Exchanges under way have been drained or aborted before. */
  close(): Promise<void>
}

/** What a mount says of itself: what its kind has of it. */
export interface MountStatus {
  /** Its processes: workers and commands that are ready, scripts that run. */
  readonly pids?: readonly number[]
  /** Those of its processes that are workers, in the order of their places. */
  readonly workers?: readonly WorkerStatus[]
  /** Requests that wait until a process or a server is free. */
  readonly waiting?: number
  /** How long requests have waited for a worker, those too that waited for nothing. */
  readonly waits?: DurationsReport
  /** How many processes were put in the place of others, by the reason: `crash`, `memory`, `requests`, `age`, … */
  readonly restarts?: Readonly<Record<string, number>>
  /** Servers that run somewhere else. */
  readonly servers?: readonly ServerStatus[]
  /** The layers in front of it that have something to say, the outermost first. */
  readonly layers?: readonly LayerStatus[]
}

/** What a layer says of itself. */
export interface LayerStatus {
  /** As in `use`. */
  readonly layer: string
  /** Of a circuit. */
  readonly state?: 'closed' | 'open' | 'trial'
  /** What it has done since it was opened, and what it has now. */
  readonly counts: Readonly<Record<string, number>>
}

/** A worker process. */
export interface WorkerStatus {
  readonly pid: number
  /** `starting`: not ready yet; `ready`: takes requests; `leaving`: answers what it has; `stopping`: is asked to end; `stuck`: does not react. */
  readonly state: 'starting' | 'ready' | 'leaving' | 'stopping' | 'stuck'
  /** When it was started; ISO 8601. */
  readonly since: string
  /** Requests that it was given. */
  readonly requests: number
  /** Those of them that are under way. */
  readonly busy: number
  /** How many it takes at a time. */
  readonly places: number
  /** Resident memory in bytes; undefined where it is not known. */
  readonly memory?: number | undefined
}

/** What a process does at a moment. */
export interface Stack {
  readonly pid: number
  /** As the language of the app has it: threads, frames, lines; or why it cannot be told. */
  readonly text: string
}

/** A server that runs somewhere else. */
export interface ServerStatus {
  /** As in messages: its address with the protocol. */
  readonly name: string
  /** False while it is left out, after failures or by its health check. */
  readonly usable: boolean
  /** Requests under way there. */
  readonly busy: number
}

/** What a mount is told about its place. */
export interface MountContext {
  /** The key in the configuration: `/shop`, `static.example.com`. */
  readonly key: string
  /** The settings' place in the configuration, for errors: `mounts./shop`. */
  readonly path: string
  /** Absolute; relative paths in the settings start here: the folder of the configuration file, or the working directory. */
  readonly directory: string
  readonly log: Log
  /** Hears of each file of an app that is loaded, as far as its kind can tell; where somebody watches them. */
  readonly source?: ((file: string) => void) | undefined
  /** Where the mounts of the configuration have scripts. */
  readonly scripts?: readonly ScriptPlace[]
  /** Other gateways, in processes of their own, have a mount of the same settings. */
  readonly several?: boolean
  /** By whose rules names of files and commands are read. Default: those of this machine. */
  readonly platform?: NodeJS.Platform | undefined
}

/** One kind of mount: an entry of the list in index.ts. */
export interface MountKind<Schema extends GenericSchema = GenericSchema> {
  /** The key in the configuration that chooses it: `app`, `python`, … */
  readonly kind: string
  /** One sentence for help and docs. */
  readonly summary: string
  /** A strictObject with the key `kind` and every other setting, each with a v.description; defaults by v.optional. */
  readonly settings: Schema
  create(settings: InferOutput<Schema>, context: MountContext): Mount
  /** Each request takes one of few workers for as long as it lasts: a host does well to collect uploads and responses. Default: false. */
  readonly hasWorkers?: boolean
  /** `open` loads an app or starts a command, which `check` does not. Default: false. */
  readonly loads?: boolean
  /** What it runs is never run as root, whatever the gateway is. Default: false. */
  readonly neverRoot?: boolean
  /** `check` tries the servers of such a mount. Default: false. */
  readonly connects?: boolean
  /** How files end that a bare target of the command line may be of this kind by. Default: none. */
  readonly suffixes?: readonly string[]
  /** What of a bare target is of this kind; empty when nothing is. */
  claims?(target: BareTarget): readonly Claim[]
  /** What a bare target exports that is of this kind, where that is a TypeScript or JavaScript module. */
  readonly exports?: KnownExports
  /** The folder that such a mount serves, where it is static files: relative paths start at `directory`. */
  folder?(settings: InferOutput<Schema>, directory: string): ServedFolder
  /** The files beside its scripts that the web server in front may send itself: relative paths start at `directory`. */
  shared?(settings: InferOutput<Schema>, directory: string): SharedFiles | undefined
  /** Where such a mount has scripts, if it has any: relative paths start at `directory`. */
  scripts?(settings: InferOutput<Schema>, directory: string): Omit<ScriptPlace, 'mount'> | undefined
}
