// When V8 collects, where it would do so too late.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that may pass before what was used of them is collected. */
const STEP = 16 * 1024 * 1024
/** Pieces below this size are of small requests: V8 collects those in time by itself. */
const PIECE_MIN = 4 * 1024

type Collect = (options: { type: 'minor' } | { type: 'major'; flavor: 'last-resort' }) => void
let collect: Collect | undefined
let passed = 0

/**
 * A piece of so many bytes was read, or is written. These lie outside of V8's heap until they are collected, and V8 begins to only when there are
 * 64 MB of them: every large body would take as much and more, whatever its size. Collecting the young objects takes a fraction of a millisecond:
 * that is asked for whenever so much has passed.
 */
export function notePiece(size: number): void {
  if (size < PIECE_MIN) return
  passed += size
  if (passed < STEP) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/**
 * Collects all there is, and has V8 give back the pages that it has kept for the next burst: it does neither by itself without forgetting all
 * code at each pause (engine.ts). Takes tens of milliseconds, and what is compiled for requests has to be compiled again: for a process that rests.
 */
export function collectAll(): void {
  collect ??= collector()
  collect({ type: 'major', flavor: 'last-resort' })
}

/**
 * V8's own collection, which a process can reach by a flag at any time (Node.js documentation, v8.setFlagsFromString). Where it cannot, as when
 * Node.js was started with a flag that calls it otherwise, V8 collects when it thinks fit: large bodies take more memory, and work.
 */
function collector(): Collect {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('globalThis.gc') as Collect | undefined
  setFlagsFromString('--no-expose-gc')
  return gc ?? (() => {})
}
