// A cache as its settings have it, with the library that judges responses: loaded where there is a cache.
import CachePolicy from 'http-cache-semantics'
import type { Log } from '../../log.ts'
import type { Peers } from '../../peers.ts'
import { Bypass } from './bypass.ts'
import { Cache } from './cache.ts'
import { FolderBodies } from './disk.ts'
import { Flights } from './flights.ts'
import { Keeper } from './keeper.ts'
import { MemoryBodies } from './memory.ts'
import { Policy, type PolicySettings } from './policy.ts'

/** The settings, as the configuration has them. */
export interface CacheSettings extends PolicySettings {
  /** Absolute. */
  readonly folder: string | undefined
  /** The key of the mount, if any. */
  readonly mount: string | undefined
  readonly memory: number
  readonly disk: number
  readonly maxEntry: number
  readonly lock: number
  readonly waiting: number
  readonly bypass: readonly string[]
  readonly key: readonly string[]
  readonly clients: boolean
  readonly purgers: Peers | undefined
  readonly cacheStatus: boolean
}

/**
 * Opens what there is from before.
 * @param place of the setting `folder`, for errors
 * @throws {ConfigError} CACHE_FOLDER
 */
export async function openCache(settings: CacheSettings, place: string, log: Log): Promise<Cache> {
  const {
    folder,
    memory,
    disk,
    maxEntry,
    lock,
    waiting,
    bypass,
    key,
    clients,
    purgers,
    cacheStatus,
    setCookie,
    mount,
  } = settings
  const bodies = folder === undefined ? new MemoryBodies(memory) : new FolderBodies(folder, place, log)
  const keeper = new Keeper({
    policy: new Policy(CachePolicy, settings),
    bodies,
    max: folder === undefined ? memory : disk,
    maxEntry,
    keepCookies: setCookie === 'keep',
  })
  await keeper.open()
  return new Cache({
    keeper,
    flights: new Flights(lock * 1000, waiting),
    bypass: new Bypass(bypass),
    apart: key,
    mount,
    clients,
    purgers,
    cacheStatus,
    maxEntry,
  })
}
