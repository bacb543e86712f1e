// One or several instances of uWSGI → one configuration, and where in it each option has come to stand.
import type { ConfigPath } from '../../problem.ts'
import { TAKEN, type Instance, type MountDraft, type Settings } from './instance.ts'
import type { Target } from './rule.ts'

/** A configuration, and its places. */
export interface Composed {
  readonly config: Settings
  /** Where a target of an instance stands; a text: why nowhere. */
  place(instance: Instance, target: Target): ConfigPath | string
}

/** Puts instances together. Keys of mounts are told apart before. */
export function compose(instances: readonly Instance[]): Composed {
  const isAlone = instances.filter(({ mounts }) => mounts.length > 0).length < 2
  const listen: unknown[] = []
  const starts = new Map<Instance, number>()
  for (const instance of instances) {
    starts.set(instance, listen.length)
    listen.push(...listenersOf(instance))
  }
  const use = isAlone ? instances.flatMap(layersOf) : []
  const mounts = Object.fromEntries(
    instances.flatMap((instance) =>
      instance.mounts.map((draft) => [draft.key, mountOf(draft, instance, isAlone ? [] : layersOf(instance))]),
    ),
  )
  const top = merged(instances.map((instance) => instance.top))
  const log = merged(instances.map((instance) => instance.log))
  const config = {
    ...(listen.length > 0 && { listen }),
    ...(Object.keys(log).length > 0 && { log }),
    ...top,
    ...(use.length > 0 && { use }),
    mounts,
  }
  return { config, place: (instance, target) => placeIn(config, instance, target, starts.get(instance)!) }
}

/** The first that says something counts; lists are joined. */
function merged(groups: readonly Settings[]): Settings {
  const all: Settings = {}
  for (const [key, value] of groups.flatMap((group) => Object.entries(group))) {
    const before = all[key]
    if (Array.isArray(before) && Array.isArray(value)) all[key] = [...before, ...value]
    else all[key] ??= value
  }
  return all
}

function listenersOf({ listeners, sockets }: Instance): unknown[] {
  const { backlog, ...ofUnix } = sockets
  return listeners.map(({ address, isUnix, isOpen }) => {
    const settings = {
      ...(isOpen && { allow: ['127.0.0.0/8', '::1'] }),
      ...(isUnix && ofUnix),
      ...(backlog !== undefined && { backlog }),
    }
    return Object.keys(settings).length === 0 ? address : { address, ...settings }
  })
}

function layersOf({ layers: { outer, limits, files, routes } }: Instance): Settings[] {
  return [...outer, ...limits, ...files, ...routes]
}

function mountOf(
  { kind, settings, words = [] }: MountDraft,
  { common, folder }: Instance,
  layers: readonly Settings[],
): Settings {
  const taken = TAKEN[kind].filter((key) => !words.includes(key) && common[key] !== undefined)
  const ofAll = Object.fromEntries(taken.map((key) => [key, common[key]]))
  if (kind === 'python' || kind === 'run') ofAll.cwd ??= folder
  if (kind === 'php' && ofAll.recycle) {
    const { requests, ...recycle } = ofAll.recycle as Settings
    if (requests !== undefined) ofAll.maxRequests = requests
    if (Object.keys(recycle).length > 0) ofAll.recycle = recycle
    else delete ofAll.recycle
  }
  const own = (settings.use as unknown[] | undefined) ?? []
  const use = [...layers, ...own]
  return { ...settings, ...ofAll, ...(use.length > 0 && { use }) }
}

const NOBODY = 'nothing that is mounted takes it'

function placeIn(config: Settings, instance: Instance, target: Target, start: number): ConfigPath | string {
  const [top, ...rest] = target
  const { listeners, mounts } = instance
  if (top === 'unix') {
    const index = listeners.findIndex(({ isUnix }) => isUnix)
    return index < 0 ? 'there is no Unix socket' : ['listen', start + index, ...rest]
  }
  if (top === 'listen') {
    const [index, ...more] = typeof rest[0] === 'number' ? rest : [0, ...rest]
    return listeners.length === 0 ? 'there is no address' : ['listen', start + Number(index), ...more]
  }
  if (top === 'app') return appPlace(config, instance, rest)
  if (top === 'mounts') {
    const found = mounts.find(({ key, before = key }) => before === rest[0])
    return found ? ['mounts', found.key, ...rest.slice(1)] : 'its place is that of another vassal'
  }
  if (top === 'use') return layerPlace(config, mounts, rest)
  return isThere(config, instance, target) ? target : 'there is one for all, and another one has said so before'
}

function appPlace({ mounts }: Settings, instance: Instance, rest: Target): ConfigPath | string {
  const [setting, ...more] = rest
  for (const { key, kind, words } of instance.mounts) {
    if (words?.includes(String(setting))) return ['mounts', key, kind]
    const found = (mounts as Record<string, Settings>)[key]!
    if (kind === 'php' && setting === 'recycle' && more[0] === 'requests') return ['mounts', key, 'maxRequests']
    if (found[String(setting)] !== undefined) return ['mounts', key, ...rest]
  }
  return NOBODY
}

/** Of a layer by its name, and which of several. */
function layerPlace(
  config: Settings,
  mounts: readonly MountDraft[],
  [name, which, ...more]: Target,
): ConfigPath | string {
  const nth = typeof which === 'number' ? which : 0
  const further = typeof which === 'number' ? more : which === undefined ? [] : [which, ...more]
  const find = (use: unknown): number => {
    const all = (Array.isArray(use) ? use : []) as Settings[]
    const indexes = all.flatMap((layer, index) => (Object.hasOwn(layer, String(name)) ? [index] : []))
    return indexes[nth] ?? -1
  }
  const front = find(config.use)
  if (front >= 0) return ['use', front, String(name), ...further]
  for (const { key } of mounts) {
    const index = find((config.mounts as Record<string, Settings>)[key]!.use)
    if (index >= 0) return ['mounts', key, 'use', index, String(name), ...further]
  }
  return NOBODY
}

/** Whether what an instance has said is what is written. */
function isThere(config: Settings, instance: Instance, [top, inner]: Target): boolean {
  if (top === 'log') return (config.log as Settings)[String(inner)] === instance.log[String(inner)]
  const value = config[String(top)]
  return Array.isArray(value) || value === instance.top[String(top)]
}
