// Variable names seen before: peers send the same few dozen in the same order for ever. A name found here is an interned string
// (a fast property key), its verdict is known, and the name that usually follows it is guessed, so that a block of variables
// parses without making a string for any name.
import { PeerError } from '../errors.ts'
import { addVariable, type Variables } from '../variables.ts'
import { ownString } from './own-string.ts'
import { isDropped, isRefused, refuse } from '../refused.ts'

/** A variable name, and what is known of it. */
export interface Key {
  readonly name: string
  /** Never handed on (refused.ts). */
  readonly dropped: boolean
  /** Without a value it is as good as absent, and left out: nginx sends both for every request (RFC 3875 4.1.2, 4.1.3). */
  readonly optional: boolean
  /** The key that followed this one last time. */
  next: Key | undefined
  /** The block it was last seen in, to notice repeats without a look-up. */
  seen: number
  /** It is the only key of its name. */
  readonly known: boolean
}

const KEYS_MAX = 4096
/** Longer names than anybody's are not remembered. */
const NAME_MAX = 128
const keys = new Map<string, Key>()
let blocks = 0

/** A number for one block of variables, to compare with `Key.seen`. */
export function nextBlock(): number {
  return ++blocks
}

/** A starting point for a chain of guesses: one for each protocol. */
export function firstKey(): Key {
  return { name: '', dropped: true, optional: false, next: undefined, seen: 0, known: true }
}

/**
 * The key for a name. `raw`: also for those that are refused else.
 * @throws {PeerError} VARIABLE_NAME, UWSGI_VARIABLE
 */
export function keyOf(name: string, raw = false): Key {
  let key = keys.get(name)
  if (key === undefined) {
    const refused = isRefused(name)
    if (!raw) refuse(name)
    const interned = ownString(name)
    const optional = name === 'CONTENT_LENGTH' || name === 'CONTENT_TYPE'
    // One that is refused is looked at anew each time; so is what is no name, which only `raw` lets pass.
    const known = keys.size < KEYS_MAX && name.length <= NAME_MAX && !refused && !raw
    key = { name: interned, dropped: refused || isDropped(name), optional, next: undefined, seen: 0, known }
    if (known) keys.set(interned, key)
  }
  return key
}

/** Whether a variable with a value of this length is not handed on; where variables are only looked at (`raw`), all are. */
export function isLeftOut(key: Key, length: number, raw: boolean): boolean {
  return (key.dropped || (key.optional && length === 0)) && !raw
}

/** Where the first NUL is from `start` on; Infinity when there is none. */
export function nulFrom(text: string, start: number): number {
  const at = text.indexOf('\0', start)
  return at < 0 ? Infinity : at
}

/** A value that would end for every program where another begins. */
export function nulInside(name: string): PeerError {
  return new PeerError('VARIABLE_NUL', `${name} holds a NUL byte, which ends a text for every program`)
}

/**
 * Puts a variable of the block where the others are; one that the block has had before is joined or replaced (addVariable).
 * @throws {PeerError} CONTENT_LENGTH_TWICE
 */
export function put(variables: Variables, key: Key, block: number, value: string): void {
  const { name } = key
  if (key.seen === block || (!key.known && variables[name] !== undefined)) addVariable(variables, name, value)
  else variables[name] = value
  key.seen = block
}
