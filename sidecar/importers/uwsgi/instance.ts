// One instance of uWSGI as it becomes part of a configuration: what its options have said so far.
import { resolve } from 'node:path'
import { put } from '../put.ts'
import type { UwsgiOption } from './option.ts'

/** Settings of a mount or listener, in the order in which they are written. */
export type Settings = Record<string, unknown>

/** A listener. */
export interface ListenerDraft {
  /** As in the configuration. */
  readonly address: string
  readonly isUnix: boolean
  /** It is on an address of TCP that others reach, and speaks what says who the client is. */
  readonly isOpen: boolean
}

/** The kinds of mounts that an instance may have. */
export type AppKind = 'python' | 'run' | 'php' | 'cgi' | 'files'

/** A mount. */
export interface MountDraft {
  readonly key: string
  /** The key that its options have meant, where it had to become another one. */
  readonly before?: string
  readonly kind: AppKind
  /** Its own, before those of all apps. */
  readonly settings: Settings
  /** Settings of all apps that are words of its command here. */
  readonly words?: readonly string[]
}

/** The settings of all apps that a kind of mount takes. */
export const TAKEN: Readonly<Record<AppKind, readonly string[]>> = {
  python:
    'processes threads venv interpreter path cwd env spoolMemory requestTimeout killTimeout slow stopTimeout recycle process'.split(
      ' ',
    ),
  run: ['cwd', 'env', 'spoolMemory', 'stopTimeout', 'recycle', 'process'],
  php: ['processes', 'env', 'spoolMemory', 'requestTimeout', 'stopTimeout', 'recycle', 'process'],
  cgi: ['env', 'spoolMemory', 'process'],
  files: [],
}

/** One instance. */
export class Instance {
  readonly options: readonly UwsgiOption[]
  /** The folder that uWSGI was started in. */
  readonly started: string
  /** The folder that it works in: `chdir`. */
  readonly folder: string
  readonly listeners: ListenerDraft[] = []
  /** `mode`, `owner` and `backlog` of them. */
  readonly sockets: Settings = {}
  readonly mounts: MountDraft[] = []
  /** Settings of all apps. */
  readonly common: Settings = {}
  readonly log: Settings = {}
  /** What static maps name that is a file and no folder. */
  staticFiles: ReadonlySet<string> = new Set()
  /** Settings at the top. */
  readonly top: Settings = {}
  /** Layers, in the order of the requests. */
  readonly layers = {
    outer: [] as Settings[],
    limits: [] as Settings[],
    files: [] as Settings[],
    routes: [] as Settings[],
  }

  constructor(options: readonly UwsgiOption[], started: string) {
    this.options = options
    this.started = started
    this.folder = resolve(started, this.last('chdir')?.value ?? '')
  }

  /** The last one of these names, which is the one that counts for uWSGI. */
  last(...names: readonly string[]): UwsgiOption | undefined {
    return this.options.findLast(({ key, doubt }) => names.includes(key) && doubt === undefined)
  }

  /** All of these names. */
  all(...names: readonly string[]): UwsgiOption[] {
    return this.options.filter(({ key, doubt }) => names.includes(key) && doubt === undefined)
  }

  /** A path of an option that uWSGI looks at once it works. */
  path(path: string): string {
    return resolve(this.folder, path)
  }

  /** Sets one of the settings of all apps: `threads`, `recycle.requests`. */
  set(setting: string, value: unknown): void {
    put(this.common, setting.split('.'), value)
  }

  /** @returns false: there is a mount of that key already */
  mount(draft: MountDraft): boolean {
    if (this.mounts.some(({ key }) => key === draft.key)) return false
    this.mounts.push(draft)
    return true
  }
}
