// The connection and the control channel that the gateway gave this process, by their numbers: 3 and 4; on Windows, which has no socket pairs, two
// pipes each (processes/process.ts).
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isWindows } from '../file-names.ts'
import { PipePair } from '../processes/pipe-pair.ts'

/** The first behind the standard streams. */
const FIRST = 3

/** The way that has this index: 0 is the connection, 1 the control channel. */
export function openEnd(index: number): Duplex {
  // A gateway that has ended the connection still hears what is said last.
  if (!isWindows()) return new Socket({ fd: FIRST + index, allowHalfOpen: index === 0 })
  const fd = FIRST + 2 * index
  return new PipePair(new Socket({ fd, readable: true }), new Socket({ fd: fd + 1, writable: true }))
}

/** The number by which text can be written to the control channel at once. */
export const CONTROL_OUT: number = isWindows() ? FIRST + 3 : FIRST + 1
