// Parts of Unit's configuration, and where they are.
import { isDeepStrictEqual } from 'node:util'

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** A place: names of members, and positions in lists. */
export type Place = readonly (string | number)[]

/** True for an object that is no list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/** The member of an object that is its own; undefined when there is none, or this is no object. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** The value at a place; undefined when there is none. */
export function at(value: Json | undefined, place: Place): Json | undefined {
  let found = value
  for (const step of place) {
    found = isList(found) ? (typeof step === 'number' ? found[step] : undefined) : member(found, String(step))
  }
  return found
}

/** True when both are the same value; the order of members says nothing. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
  return isDeepStrictEqual(one, other)
}

/** A place as people read it, and as the documentation of Unit writes it: `/config/listeners/*:8080/pass`. */
export function placeText(place: Place): string {
  return `/${place.join('/')}`
}
