// Variable names seen before: peers send the same few dozen in the same order for ever. A name found here is an interned string
// (a fast property key), its verdict is known, and the name that usually follows it is guessed, so that a block of variables
// parses without making a string for any name.
import { ownString } from './own-string.ts'
import { isDropped, isRefused, refuse } from './refused.ts'

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
}

const KEYS_MAX = 4096
const keys = new Map<string, Key>()
let blocks = 0

/** A number for one block of variables, to compare with `Key.seen`. */
export function nextBlock(): number {
  return ++blocks
}

/** A starting point for a chain of guesses: one for each protocol. */
export function firstKey(): Key {
  return { name: '', dropped: true, optional: false, next: undefined, seen: 0 }
}

/**
 * The key for a name. `raw`: also for those that are refused else.
 * @throws {PeerError} UWSGI_VARIABLE for names that would load code or touch files in uWSGI.
 */
export function keyOf(name: string, raw = false): Key {
  let key = keys.get(name)
  if (key === undefined) {
    const refused = isRefused(name)
    if (!raw) refuse(name)
    const interned = ownString(name)
    const optional = name === 'CONTENT_LENGTH' || name === 'CONTENT_TYPE'
    key = { name: interned, dropped: refused || isDropped(name), optional, next: undefined, seen: 0 }
    // One that is refused is looked at anew each time.
    if (keys.size < KEYS_MAX && !refused) keys.set(interned, key)
  }
  return key
}

/** Whether a variable with a value of this length is not handed on; where variables are only looked at (`raw`), all are. */
export function isLeftOut(key: Key, length: number, raw: boolean): boolean {
  return (key.dropped || (key.optional && length === 0)) && !raw
}
