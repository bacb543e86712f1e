// What Unit says when it does not do what it is asked to. Its words name a member or a value, and not where that is: the place is looked for in
// what was sent.
import { ConfigError } from '../../sidecar/errors.ts'
import { isList, isObject, placeText, type Json, type Place } from './json.ts'

/** Unit's answer to a request that it did not carry out. */
export class Refusal extends Error {
  readonly status: number
  /** What Unit says in detail; empty when it says no more. */
  readonly detail: string

  constructor(status: number, error: string, detail: string) {
    super(error)
    this.status = status
    this.detail = detail
  }
}

/**
 * The refusal in words that lead on, with the place in Unit's configuration.
 * @param sent what was to be written at `place`; undefined: it was to be deleted
 */
export function refused({ status, message, detail }: Refusal, place: Place, sent: Json | undefined): ConfigError {
  const words = [...detail.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word!)
  const found = words.map((word) => placeOf(word, sent, place)).reduce<Place>(deeper, place)
  const said = detail === '' ? message : `${detail} (${message.replace(/\.$/, '')})`
  return new ConfigError('UNIT_REFUSED', placeText(found), `Unit answered ${status}: ${said}`)
}

const deeper = (one: Place, other: Place | undefined): Place => (other && other.length > one.length ? other : one)

/** Where a word is a value, or the name of a member: the deepest such place, and of several the first. */
function placeOf(word: string, value: Json | undefined, place: Place): Place | undefined {
  if (value === word) return place
  let found: Place | undefined
  for (const [name, inner] of membersOf(value)) {
    const own = [...place, name]
    const here = placeOf(word, inner, own) ?? (name === word ? own : undefined)
    if (here && here.length > (found?.length ?? 0)) found = here
  }
  return found
}

function membersOf(value: Json | undefined): (readonly [string | number, Json])[] {
  if (isList(value)) return [...value.entries()]
  return isObject(value) ? Object.entries(value) : []
}
