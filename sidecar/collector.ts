// What is read from a connection, and most of what is written, lies outside of V8's heap until it is collected, and V8 begins to only when
// there are 64 MB of it: every large body would take as much and more, whatever its size. Collecting the young objects takes a fraction
// of a millisecond: that is asked for here whenever so much has passed.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes that may pass before what was used of them is collected. */
const STEP = 16 * 1024 * 1024
/** Pieces below this size are of small requests: V8 collects those in time by itself. */
const PIECE_MIN = 4 * 1024

type Collect = (options: { type: 'minor' }) => void
let collect: Collect | undefined
let passed = 0

/** A piece of so many bytes was read, or is written. */
export function notePiece(size: number): void {
  if (size < PIECE_MIN) return
  passed += size
  if (passed < STEP) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
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
