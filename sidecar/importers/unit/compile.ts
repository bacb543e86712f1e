// Cases in the order of Unit's routes → mounts. Where hosts and prefixes say all of it, each case is a mount of its own. Else rules of `rewrite`
// in front of the gateway send each request to a place below /.unit, in the order of the steps; whatever a client asks for is sent somewhere by the
// last of them, so that nobody gets to such a place by its path.
import type { ConfigPath } from '../../problem.ts'
import type { Conditions } from './conditions.ts'
import { isBelow, keyOf, placesOf, type SimplePlace } from './place.ts'
import { ruleConditions } from './rule.ts'
import { NOT_FOUND, type Site, type Target } from './target.ts'
import type { Told } from './told.ts'

/** Where the mounts are that only rules lead to. */
const ROOM = '/.unit'

/** Requests of some kind, and what answers them. */
export interface Case {
  readonly conditions: Conditions
  readonly target: Target
  /** The path that the target gets, as the `to` of a rule; undefined: the one that was asked for. */
  readonly to: string | undefined
  /** Only what is below this path, which is taken from it: the prefix of an application. Empty: all, and nothing. */
  readonly below: string
  /** Its step, or what else it comes from. */
  readonly path: ConfigPath
  /** What is different. */
  readonly note: string | undefined
}

/** What is written. */
export interface Compiled {
  readonly use: readonly unknown[]
  readonly mounts: Readonly<Record<string, unknown>>
}

/** @param cases the first that fits counts; what fits none is 404 */
export function compile(cases: readonly Case[], told: Told): Compiled {
  const places = placed(cases)
  return places ? plain(places, cases, told) : dispatched(cases, told)
}

interface Placed {
  readonly one: Case
  readonly place: SimplePlace
}

/** Undefined: hosts and prefixes do not say it. */
function placed(cases: readonly Case[]): readonly Placed[] | undefined {
  const all: Placed[] = []
  for (const [index, one] of cases.entries()) {
    const places = placesOf(one.conditions)
    if (!places || one.to !== undefined) return undefined
    // Behind the last case comes 404 by itself.
    if (one.target === NOT_FOUND && index === cases.length - 1) continue
    for (const place of places) {
      if (one.below !== '' && !isBelow(one.below, place.prefix)) return undefined
      const own = one.below === '' ? place : { ...place, prefix: one.below, below: false }
      if (one.target.whole && own.prefix !== '') return undefined
      all.push({ one, place: own })
    }
  }
  const kept = all.filter(({ place }, index) => !all.slice(0, index).some((other) => covers(other.place, place)))
  const wrong = kept.some(({ place }, index) =>
    kept.slice(0, index).some((other) => meets(place, other.place) && isPreferred(place, other.place)),
  )
  const alone = kept.filter(({ one }) => one.target.alone).map(({ one }) => one.target.id)
  return wrong || new Set(alone).size < alone.length ? undefined : kept
}

function covers(outer: SimplePlace, inner: SimplePlace): boolean {
  return (outer.host === '' || outer.host === inner.host) && isBelow(inner.prefix, outer.prefix)
}

function meets(one: SimplePlace, other: SimplePlace): boolean {
  const hosts = one.host === '' || other.host === '' || one.host === other.host
  return hosts && (isBelow(one.prefix, other.prefix) || isBelow(other.prefix, one.prefix))
}

/** Whether requests for both get to the first: as the router has it. */
function isPreferred(one: SimplePlace, other: SimplePlace): boolean {
  if (one.host !== other.host) return other.host === ''
  return one.prefix.length > other.prefix.length
}

function plain(places: readonly Placed[], cases: readonly Case[], told: Told): Compiled {
  const mounts: Record<string, unknown> = {}
  for (const { one, place } of places) {
    const key = keyOf(place)
    mounts[key] = mountOf(one.target, { key, base: one.below === '' ? place.prefix : '' }, [])
    const itself = place.below ? `${place.prefix} itself comes here, too` : undefined
    tell(one, key, told, itself)
  }
  for (const one of cases) {
    if (one.path.length > 0 && !places.some((other) => other.one === one))
      told.left(one.path, 'steps in front of it take all requests')
  }
  // A gateway has a mount: where there is nothing for anybody, that says so.
  return { use: [], mounts: Object.keys(mounts).length === 0 ? { '/': NOT_FOUND.mount(NOWHERE) } : mounts }
}

const NOWHERE: Site = { key: '/', base: '' }

function dispatched(cases: readonly Case[], told: Told): Compiled {
  const keys = new Map<string, string>()
  const mounts: Record<string, unknown> = {}
  const rules: unknown[] = []
  const keyFor = (target: Target): string => {
    const known = keys.get(target.id)
    if (known !== undefined) return known
    const name = target.name.replace(/[^A-Za-z0-9._-]+/g, '-')
    const used = [...keys.values()].filter((key) => key.replace(/~[0-9]+$/, '') === `${ROOM}/${name}`).length
    const key = `${ROOM}/${name}${used === 0 ? '' : `~${used + 1}`}`
    keys.set(target.id, key)
    const place = { variables: { set: { SCRIPT_NAME: target.script } } }
    mounts[key] = mountOf(target, { key, base: '' }, [place])
    return key
  }
  for (const one of [...cases, { ...REST, path: [] }]) {
    const key = keyFor(one.target)
    const path = one.to ?? (one.below === '' ? '${PATH_INFO}' : '$<rest>')
    rules.push({ ...ruleConditions(one.conditions, one.below), to: `${key}${path}` })
    tell(one, key, told)
    if (one.conditions.length === 0 && one.below === '') break
  }
  return { use: [{ rewrite: rules }], mounts }
}

const REST: Omit<Case, 'path'> = { conditions: [], target: NOT_FOUND, to: undefined, below: '', note: undefined }

function mountOf(target: Target, site: Site, before: readonly unknown[]): Record<string, unknown> {
  const layers = target.layers(site)
  const mount = target.mount(site)
  // What is answered without a look at the path needs none.
  const use = 'respond' in mount && layers.length === 0 ? [] : [...before, ...layers]
  return { ...mount, ...(use.length > 0 && { use }) }
}

function tell(
  { path, note, target }: Pick<Case, 'path' | 'note' | 'target'>,
  key: string,
  told: Told,
  itself?: string,
): void {
  if (path.length === 0) return
  if (target.refuses) return told.left(path, 'what it leads to is not carried over: it gets 503')
  const notes = [note, itself].filter((one) => one !== undefined).join('; ')
  if (notes === '') told.carried(path, ['mounts', key])
  else told.changed(path, ['mounts', key], notes)
}
