// What has to be written into a Unit, or taken out of it, so that it is as it should be. What is not Sidegate's stands in no write but where
// a list has to be written anew round it.
import { ConfigError } from '../../sidecar/errors.ts'
import { at, isList, isObject, member, same, type Json, type JsonObject, type Place } from './json.ts'
import { isOwnCertificate } from './certificate.ts'
import { isMarked, isOwnListener, isOwnRoute } from './mark.ts'
import { isCatchAll, type Steps } from './steps.ts'
import { passPlace, passText } from './words.ts'

/** One place of the configuration, and what is to be there. */
export interface Write {
  readonly place: Place
  /** undefined: there is nothing. */
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** How Unit should be. */
export interface Wish {
  readonly name: string
  readonly steps: Steps
  /** A listener of Sidegate's own, and members of it beside `pass`; those that it has and are not named here stay. */
  readonly listener?: { readonly address: string; readonly members: JsonObject } | undefined
  /** Someone else's route that the steps are put into. */
  readonly into?: string | undefined
}

/**
 * The writes that lead from `config` to the wish, in an order in which every state between them is right; none when all is as it should be.
 * @throws {ConfigError} UNIT_TAKEN, UNIT_ROUTE
 */
export function writesFor(config: Json, wish: Wish): Write[] {
  const { name, steps, listener, into } = wish
  const writes = into === undefined ? [] : [intoRoute(config, into, name, steps)]
  if (listener) {
    writes.push(ownRoute(config, name, [...steps.first, ...steps.last]))
    writes.push(ownListener(config, name, listener.address, listener.members))
  }
  return writes.filter(({ before, after }) => !same(before, after)).map((write) => smallest(config, write))
}

/** The writes that take out all that is marked with `name`. */
export function removals(config: Json, name: string): Write[] {
  const listeners = Object.entries(objectAt(config, ['listeners']))
    .filter(([, listener]) => isOwnListener(listener, name) && isOwnRoute(at(config, ['routes', name]), name))
    .map(([address, before]) => ({ place: ['config', 'listeners', address], before, after: undefined }))
  const routes = placesOfRoutes(config).flatMap((place): Write[] => {
    const before = at(config, place)
    if (!isList(before)) return []
    const write = { place: ['config', ...place], before }
    if (place[1] === name && isOwnRoute(before, name)) return [{ ...write, after: undefined }]
    const others = before.filter((step) => !isMarked(step, name))
    return others.length < before.length ? [{ ...write, after: others }] : []
  })
  return [...listeners, ...routes]
}

/** The places of all routes, without `config`. */
function placesOfRoutes(config: Json): Place[] {
  if (isList(member(config, 'routes'))) return [['routes']]
  return Object.keys(objectAt(config, ['routes'])).map((name) => ['routes', name])
}

function ownRoute(config: Json, name: string, steps: readonly JsonObject[]): Write {
  if (isList(member(config, 'routes'))) {
    throw new ConfigError(
      'UNIT_TAKEN',
      '/config/routes',
      'the routes of this Unit are one list without a name, and no other can stand beside it: add Sidegate to it with --into routes, ' +
        'or give the list a name ({"main": […]}, and "pass": "routes/main" in its listeners)',
    )
  }
  const before = at(config, ['routes', name])
  if (before !== undefined && !isOwnRoute(before, name)) {
    throw new ConfigError(
      'UNIT_TAKEN',
      `/config/routes/${name}`,
      isList(before) && before.some((step) => isMarked(step, name))
        ? `there are steps in this route that sidegate plug has not written: keep them with --into routes/${name}, or choose another route with --name`
        : `there is a route of this name that sidegate plug has not written: choose another with --name`,
    )
  }
  return { place: ['config', 'routes', name], before, after: steps }
}

function ownListener(config: Json, name: string, address: string, members: JsonObject): Write {
  const before = at(config, ['listeners', address])
  if (before !== undefined && !isOwnListener(before, name)) {
    const pass = member(before, 'pass')
    const route = typeof pass === 'string' && /^routes(?:\/|$)/.test(pass) ? pass : undefined
    const into = route === undefined ? '' : `, or add Sidegate to its route with --into ${route}`
    throw new ConfigError(
      'UNIT_TAKEN',
      `/config/listeners/${address}`,
      `this listener is there already, and passes to ${JSON.stringify(pass ?? null)}: choose another with --on${into}`,
    )
  }
  const kept = isObject(before) ? before : {}
  const tls = isObject(members.tls) && isObject(kept.tls) ? { tls: withCertificate(kept.tls, members.tls, name) } : {}
  const after = { ...kept, pass: `routes/${name}`, ...members, ...tls }
  return { place: ['config', 'listeners', address], before, after }
}

/** Certificates of theirs, in a list, which Unit chooses from by the name that a client asks for, stay in it. */
function withCertificate(kept: JsonObject, given: JsonObject, name: string): JsonObject {
  const { certificate } = given
  if (!isList(kept.certificate) || certificate === undefined) return { ...kept, ...given }
  const list = kept.certificate
  const isOwn = (one: Json): boolean => isOwnCertificate(String(one), name)
  const place = list.findIndex(isOwn)
  const certificates =
    place < 0
      ? [...list, certificate]
      : list.flatMap((one, index) => (index === place ? [certificate] : isOwn(one) ? [] : [one]))
  return { ...kept, ...given, certificate: certificates }
}

function intoRoute(config: Json, into: string, name: string, steps: Steps): Write {
  const place = passPlace(into)
  const before = at(config, place)
  if (place[0] !== 'routes' || place.length > 2 || !isList(before)) {
    const there = placesOfRoutes(config).map(passText)
    throw new ConfigError(
      'UNIT_ROUTE',
      '--into',
      `there is no route ${into} in this Unit; there ${there.length > 0 ? `is ${there.join(', ')}` : 'is none'}`,
    )
  }
  const after = arranged(before, name, steps)
  const ours = after.findLastIndex((step) => isMarked(step, name))
  const open = after.findIndex((step) => Object.keys(objectAt(step, ['match'])).length === 0)
  if (open >= 0 && open < ours) {
    throw new ConfigError(
      'UNIT_TAKEN',
      `/config/${into}/${before.indexOf(after[open]!)}`,
      `this step takes every request, so that what is mounted would get none behind it: give the step a match, move it, or mount below a prefix`,
    )
  }
  return { place: ['config', ...place], before, after }
}

/**
 * The steps of a route with Sidegate's among them: where people have put those, as a step that forbids something may be in front of them. In front
 * of all, or behind all, where there are none yet, and where those that are there took something else.
 */
function arranged(before: readonly Json[], name: string, { first, last }: Steps): Json[] {
  const steps = [...first, ...last]
  const others = before.filter((step) => !isMarked(step, name))
  const there = before.flatMap((step, index) => (isMarked(step, name) ? [index] : []))
  const tookAll = there.some((index) => isCatchAll(before[index]!))
  if (there.length === 0 || tookAll !== last.length > 0) return [...first, ...others, ...last]
  if (there.length === steps.length) return before.map((step, index) => steps[there.indexOf(index)] ?? step)
  const place = there.at(-1)! - there.length + 1
  return [...others.slice(0, place), ...steps, ...others.slice(place)]
}

/** The same change in the smallest part of the configuration that it is in; where what it is in is not there yet, with that. */
function smallest(config: Json, { place, before, after }: Write): Write {
  const root = { config }
  if (before === undefined) {
    const above = place.slice(0, -1)
    if (after === undefined || at(root, above) !== undefined) return { place, before, after }
    return smallest(config, { place: above, before: undefined, after: { [place.at(-1)!]: after } })
  }
  const different = differences(before, after)
  if (different.length !== 1) return { place, before, after }
  const [step] = different as [string | number]
  return smallest(config, { place: [...place, step], before: at(before, [step]), after: at(after, [step]) })
}

/** The members or positions that differ; none when the values have to be taken as they are. */
function differences(before: Json, after: Json | undefined): (string | number)[] {
  if (isList(before) && isList(after) && before.length === after.length) {
    return [...before.keys()].filter((index) => !same(before[index], after[index]))
  }
  if (!isObject(before) || !isObject(after)) return []
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => !same(member(before, name), member(after, name)))
}

function objectAt(value: Json, place: Place): JsonObject {
  const found = at(value, place)
  return isObject(found) ? found : {}
}
