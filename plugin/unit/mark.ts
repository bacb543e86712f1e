// How what Sidegate has put into Unit is found again. Unit's configuration has no place for a remark, and unknown members are refused: the mark
// is a pattern in `match.uri` of each step that says nothing, as it excludes a path that does not begin with a slash. It stays when addresses and
// mounts change, in a route of ours and in someone else's.
import { ConfigError } from '../../sidecar/errors.ts'
import { isList, isObject, member, type Json } from './json.ts'

/** Under which name a Sidegate is plugged in, unless it is told another. */
export const NAME = 'sidegate'

/** @throws {ConfigError} UNIT_NAME */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) return
  throw new ConfigError(
    'UNIT_NAME',
    '--name',
    `${JSON.stringify(name)} is no name for a route: take up to 64 letters, digits, dots, - and _`,
  )
}

/** The pattern that marks the steps of `name`. */
export function markOf(name: string): string {
  return `!plugged:${name}`
}

/** True for a step of a route that `name` has written. */
export function isMarked(step: Json, name: string): boolean {
  const uri = member(member(step, 'match'), 'uri')
  return isList(uri) ? uri.includes(markOf(name)) : uri === markOf(name)
}

/** True for the route of `name`: someone else may have one that is called the same. */
export function isOwnRoute(route: Json | undefined, name: string): boolean {
  return isList(route) && route.length > 0 && route.every((step) => isMarked(step, name))
}

/** True for a listener that hands everything to the route of `name`. */
export function isOwnListener(listener: Json | undefined, name: string): boolean {
  return isObject(listener) && listener.pass === `routes/${name}`
}
