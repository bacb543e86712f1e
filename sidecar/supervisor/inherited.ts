// The sockets that this process was started with: systemd's, or those of another parent. They go on to each gateway under the numbers that
// they have here, which is how a configuration names them.
import { fstatSync, readdirSync } from 'node:fs'
import type { KeptSockets } from './sockets.ts'

/** Standard input, output and errors are before it. */
const FIRST = 3

/** Keeps them all; to be called before this process opens any socket of its own. `channel`: the number of the one to whoever started it. */
export function keepInherited(sockets: KeptSockets, channel: number | undefined): void {
  for (const fd of openNumbers()) if (fd >= FIRST && fd !== channel && isSocket(fd)) sockets.inherit(`fd:${fd}`, { fd })
}

function openNumbers(): number[] {
  const folder = process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'
  return readdirSync(folder).map(Number)
}

/** The number of the folder itself is closed again by now. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}
