// Vassals that each had an address of their own, and the same places there: in one gateway a place is of one of them.
import type { ImportReport } from '../report.ts'
import type { Instance, MountDraft } from './instance.ts'
import { hostOf } from './vassals.ts'

/** A vassal. */
interface Settler {
  readonly instance: Instance
  readonly file?: string
}

/**
 * Gives each mount a place that no other has: where several want one, those whose files are named for a host get it for that host, and of the
 * others the first. What gets none is told, and left out; with its last mount a vassal's addresses go too.
 */
export function settle(vassals: readonly Settler[], report: ImportReport): void {
  const wanted = Map.groupBy(
    vassals.flatMap(({ instance }) => instance.mounts),
    ({ key }) => key,
  )
  const places = new Set<string>()
  for (const { instance, file = '' } of vassals) {
    const host = hostOf(file)
    const kept = instance.mounts.flatMap((draft): MountDraft[] => {
      const isContested = draft.key.startsWith('/') && wanted.get(draft.key)!.length > 1
      const key = isContested && host !== undefined ? (draft.key === '/' ? host : `${host}${draft.key}`) : draft.key
      if (places.has(key)) {
        const why =
          'another vassal is there already: run a Sidegate for each, or give one of them a place or a host (mount = HOST|/PATH=APP)'
        report.left(file, draft.key, why)
        return []
      }
      places.add(key)
      if (key === draft.key) return [draft]
      report.changed(
        file,
        draft.key,
        ['mounts', key],
        'several vassals want that place, and this one is for the host that its file is named for',
      )
      return [{ ...draft, key, before: draft.key }]
    })
    instance.mounts.splice(0, Infinity, ...kept)
    if (kept.length === 0) instance.listeners.length = 0
  }
}
