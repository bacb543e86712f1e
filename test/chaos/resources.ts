// What Sidegate holds of the machine, as Linux counts it: descriptors, processes, memory.
import { readdirSync, readFileSync } from 'node:fs'

const KILOBYTE = 1024

/** A process, and all below it. */
export interface Resources {
  /** Of the supervisor, and of the gateway. */
  readonly descriptors: readonly [number, number]
  readonly processes: number
  /**
   * Bytes of memory: of the supervisor, the gateway, and all others together. Without the pages of files, of which each has the more the fewer
   * processes of the machine have them too.
   */
  readonly memory: readonly [number, number, number]
}

/** @param gateway its process; the supervisor is its parent */
export function resourcesOf(supervisor: number, gateway: number): Resources {
  const below = processesBelow(supervisor)
  const others = below.filter((pid) => pid !== gateway)
  return {
    descriptors: [descriptorsOf(supervisor), descriptorsOf(gateway)],
    processes: below.length,
    memory: [ownMemoryOf(supervisor), ownMemoryOf(gateway), others.reduce((sum, pid) => sum + ownMemoryOf(pid), 0)],
  }
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

/** Proportional set size in bytes. */
export function memoryOf(pid: number): number {
  return rolledUp(pid, 'Pss')
}

function ownMemoryOf(pid: number): number {
  return rolledUp(pid, 'Pss_Anon')
}

/** proc(5), /proc/PID/smaps_rollup; 0 for a process that has ended meanwhile. */
function rolledUp(pid: number, name: 'Pss' | 'Pss_Anon'): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    return Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * KILOBYTE
  } catch {
    return 0
  }
}

/** The ids of all processes that a process has started, and those have. */
export function processesBelow(root: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // it ended meanwhile
    }
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) if (at === root) return true
    return false
  }
  return [...parents.keys()].filter(isBelow)
}
