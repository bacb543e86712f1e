// A configuration as it was read → one that can be used, or every problem in it. Listeners and mounts are checked one by one, each
// against the settings of its own part, so that a mistake in one hides none in another.
import { isAbsolute, join } from 'node:path'
import { ConfigError } from '../errors.ts'
import { foldedPath } from '../file-names.ts'
import { parseListenAddress } from '../address.ts'
import { listenerSettings, type ListenerSettings } from '../listen/settings.ts'
import { visible } from '../line.ts'
import type { LogLevel } from '../log.ts'
import type { MountKind } from '../mounts/mount.ts'
import { otherWord } from '../mounts/other-words.ts'
import { parseMountPlace } from '../mount-place.ts'
import { check, shown, unknownKeyMessage } from './check.ts'
import { hasSetting } from './describe.ts'
import { locate } from './locate.ts'
import { nearest } from '../nearest.ts'
import type { Problem } from '../problem.ts'
import { DEFAULT_LISTEN, gatewaySettings } from './settings.ts'
import { problemAt, type ConfigSource } from './source.ts'
import type { checkUse, LayerEntry } from './use.ts'

/** A mount with its settings, defaults filled in. */
export interface MountEntry {
  /** `/shop`, `static.example.com`. */
  readonly key: string
  readonly kind: MountKind
  readonly settings: Readonly<Record<string, unknown>>
  /** What stands in front of it, the first outermost. */
  readonly use: readonly LayerEntry[]
  /** Its place in the configuration. */
  readonly path: string
}

/** A listener with its settings, defaults filled in. */
export interface ListenEntry extends ListenerSettings {
  /** Its place in the configuration, where wrong ones may stand before it. */
  readonly path: string
}

/** A configuration that can be used. */
export interface GatewayConfig {
  /** The file it came from, as named in messages; undefined: the command line. */
  readonly file: string | undefined
  /** As of ConfigSource. */
  readonly foreign?: ConfigSource['foreign']
  /** Absolute; relative paths start here. */
  readonly directory: string
  readonly listen: readonly ListenEntry[]
  readonly mounts: readonly MountEntry[]
  /** What stands in front of them all, the first outermost. */
  readonly use: readonly LayerEntry[]
  readonly host: string
  readonly log: {
    readonly format: 'text' | 'json' | 'combined'
    readonly level: LogLevel
    readonly access: boolean
    readonly file?: string | undefined
  }
  /** `unix:PATH`, `pipe:NAME`; undefined: where it is by default; false: nowhere. */
  readonly admin?: string | false | undefined
  /** Seconds. */
  readonly drainTimeout: number
  /** Of the gateway. */
  readonly processes: number
  /** Seconds. */
  readonly shutdownDelay: number
  readonly readiness?: string | undefined
  /** As written. */
  readonly reloadOnTouch: readonly string[]
}

/** What came of it: the parts that are right, and everything that is wrong. */
export interface Validated {
  readonly config: GatewayConfig
  readonly problems: readonly Problem[]
  /** Gives problems that are found later their place in the file. */
  readonly locate: (problems: readonly Problem[]) => readonly Problem[]
}

type CheckUse = typeof checkUse

/** The layers are loaded by a configuration that uses some. */
async function useCheck({ use, mounts }: Record<string, unknown>): Promise<CheckUse> {
  const used =
    use !== undefined || (isGroup(mounts) && Object.values(mounts).some((one) => isGroup(one) && 'use' in one))
  return used ? (await import('./use.ts')).checkUse : () => ({ value: [], problems: [] })
}

/** Checks a whole configuration; `kinds` are the kinds of mounts there are. */
export async function validateConfig(
  source: ConfigSource,
  kinds: readonly MountKind[],
  cwd: string,
  platform?: NodeJS.Platform,
): Promise<Validated> {
  const problems: Problem[] = [...source.problems]
  const data = isGroup(source.data) ? source.data : {}
  const unreadable = source.data === undefined && source.problems.length > 0
  if (!isGroup(source.data) && !unreadable) {
    const is = source.data === undefined || source.data === null ? 'nothing is in it' : `it is ${shown(source.data)}`
    const message = `${is}; a configuration is a group of settings: listen, mounts, …`
    problems.push(problemAt(source, 'CONFIG_VALUE', [], message))
  }

  const { listen = [DEFAULT_LISTEN], mounts, use, ...rest } = data
  const gateway = checkGateway(rest, source)
  problems.push(...gateway.problems)
  const listeners = checkList(listen, source, cwd)
  problems.push(...listeners.problems)
  const useChecked = await useCheck(data)
  const front = useChecked(use, ['use'], source)
  problems.push(...front.problems)
  const entries = !isGroup(source.data)
    ? { value: [], problems: [] }
    : checkMounts(mounts, source, kinds, useChecked, platform)
  problems.push(...entries.problems)

  const unset = new Set(problems.filter(({ code }) => code === 'CONFIG_ENV').map(({ path }) => path))
  return {
    config: {
      file: source.file,
      foreign: source.foreign,
      directory: source.directory,
      listen: listeners.value,
      mounts: entries.value,
      use: front.value,
      ...gateway.value,
    },
    // What a variable left behind that is not set is no news.
    problems: problems.filter(({ code, path }) => code === 'CONFIG_ENV' || !unset.has(path)),
    locate: (later) => later.map((problem) => locate(problem, source)),
  }
}

interface Part<T> {
  readonly value: T
  readonly problems: Problem[]
}

const TOP: readonly string[] = ['listen', 'mounts', 'use', ...Object.keys(gatewaySettings.entries)]

function checkGateway(
  rest: Record<string, unknown>,
  source: ConfigSource,
): Part<Omit<GatewayConfig, 'file' | 'directory' | 'listen' | 'mounts' | 'use'>> {
  const problems: Problem[] = []
  const known: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(rest)) {
    if (Object.hasOwn(gatewaySettings.entries, key)) known[key] = value
    // Tells an editor which schema the file follows.
    else if (key !== '$schema') problems.push(problemAt(source, 'CONFIG_KEY', [key], unknownKeyMessage(key, TOP)))
  }
  const checked = check(gatewaySettings, known, [], source)
  problems.push(...checked.problems)
  const value = checked.value ?? check(gatewaySettings, {}, [], source).value!
  return { value, problems }
}

function checkList(listen: unknown, source: ConfigSource, cwd: string): Part<ListenEntry[]> {
  if (!Array.isArray(listen) || listen.length === 0) {
    const message = `must be a list of addresses, such as ["${DEFAULT_LISTEN}"]`
    return { value: [], problems: [problemAt(source, 'CONFIG_VALUE', ['listen'], message)] }
  }
  const problems: Problem[] = []
  const value: ListenEntry[] = []
  listen.forEach((entry: unknown, index) => {
    const path = ['listen', index]
    if (typeof entry !== 'string' && !isGroup(entry)) {
      const message = `must be an address, such as "${DEFAULT_LISTEN}", or a group of settings with one`
      problems.push(problemAt(source, 'CONFIG_VALUE', path, message))
      return
    }
    const checked = check(listenerSettings, typeof entry === 'string' ? { address: entry } : entry, path, source)
    problems.push(...checked.problems)
    if (!checked.value) return
    try {
      const { address } = checked.value
      parseListenAddress(address, path.join('.'))
      value.push({ ...checked.value, address: rooted(address, source.directory, cwd), path: path.join('.') })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(problemAt(source, error.code, path, error.message))
    }
  })
  return { value, problems }
}

/** A relative socket path starts at the folder of the configuration; where that is the working directory, it stays short. */
function rooted(address: string, directory: string, cwd: string): string {
  if (directory === cwd) return address
  return address.replace(/^((?:[a-z]+:\/\/)?unix:)(.+)$/i, (whole, before: string, path: string) =>
    isAbsolute(path) ? whole : before + join(directory, path),
  )
}

function checkMounts(
  mounts: unknown,
  source: ConfigSource,
  kinds: readonly MountKind[],
  useChecked: CheckUse,
  platform: NodeJS.Platform | undefined,
): Part<MountEntry[]> {
  if (!isGroup(mounts) || Object.keys(mounts).length === 0) {
    const message = 'nothing is mounted: write mounts: { "/": { app: "./hello.ts" } }'
    return { value: [], problems: [problemAt(source, 'CONFIG_VALUE', ['mounts'], message)] }
  }
  const problems: Problem[] = []
  const value: MountEntry[] = []
  const places = new Map<string, string>()
  for (const [key, written] of Object.entries(mounts)) {
    const path = ['mounts', key]
    const wrong = keyProblem(key)
    if (wrong !== undefined) problems.push(problemAt(source, 'MOUNT_KEY', path, wrong))
    const { host, prefix } = parseMountPlace(key)
    const where = host + foldedPath(prefix, platform)
    const twin = places.get(where)
    if (twin !== undefined)
      problems.push(problemAt(source, 'MOUNT_TWICE', path, `${key} and ${twin} are the same place`))
    places.set(where, key)
    const { use, ...settings } = isGroup(written) ? written : {}
    const kind = kindFor(isGroup(written) ? settings : written, kinds)
    if (typeof kind === 'string') {
      problems.push(problemAt(source, 'MOUNT_KIND', path, kind))
      continue
    }
    const checked = check(kind.settings, settings, path, source)
    const front = useChecked(use, [...path, 'use'], source)
    problems.push(...checked.problems, ...front.problems)
    if (checked.value) {
      const own = checked.value as Record<string, unknown>
      value.push({ key, kind, settings: own, use: front.value, path: path.join('.') })
    }
  }
  return { value, problems }
}

/** What is wrong with the place of a mount; undefined when nothing is. */
export function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/')
  const host = slash < 0 ? key : key.slice(0, slash)
  const prefix = slash < 0 ? '' : key.slice(slash)
  if (key === '') return 'the place of a mount is a prefix such as "/shop", a host name, or both; "/" is everything'
  if (host !== '' && !/^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])$/.test(host)) {
    return `${JSON.stringify(host)} is no host name; a prefix begins with /, a host name has no port`
  }
  if (visible(prefix) !== prefix) return `the prefix ${visible(prefix)} has characters that no path of an app has`
  // A host of one word is rare and a prefix without its slash is not: which one is meant is said with a slash.
  if (slash < 0 && /^[A-Za-z_-][\w-]*$/.test(host) && host.toLowerCase() !== 'localhost') {
    return `${host} would be a host name: write /${host} for the path, or ${host}/ for a host that is called so`
  }
  if (/[?#%]/.test(prefix))
    return `the prefix ${prefix} is compared with the decoded path: write it decoded, without ?, # and %`
  if (prefix.includes('//') || /\/\.\.?(?:\/|$)/.test(prefix))
    return `the prefix ${prefix} has an empty, . or .. segment and would never match`
  return undefined
}

/** The kind of a mount: the one key that names one and is no setting of another one that is there. Else what is wrong. */
function kindFor(settings: unknown, kinds: readonly MountKind[]): MountKind | string {
  const names = kinds.map(({ kind }) => kind)
  if (!isGroup(settings)) {
    const example = typeof settings === 'string' ? `, such as { app: ${JSON.stringify(settings)} }` : ''
    return `a mount is a group of settings with its kind as a key${example}; kinds are ${names.join(', ')}`
  }
  const present = kinds.filter(({ kind }) => settings[kind] !== undefined)
  // A word may name a kind, and be a setting of another one: `app` of php.
  const whole = present.filter((one) =>
    present.every(({ kind }) => kind === one.kind || hasSetting(one.settings, kind)),
  )
  if (whole.length === 1) return whole[0]!
  if (present.length > 1) {
    return `${present.map(({ kind }) => kind).join(' and ')} stand side by side: a mount is of one kind`
  }
  for (const key of Object.keys(settings)) {
    const other = otherWord(key)
    if (other !== undefined) return `there is no kind of mount called ${key}: ${other}`
    const near = nearest(key, names)
    if (near !== undefined) return `there is no kind of mount called ${key}; did you mean ${near}?`
  }
  return `no key says what kind of mount this is; kinds are ${names.join(', ')}`
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
