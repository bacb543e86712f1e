// CPU time of a whole tree of processes, and of the machine, as Linux counts it.
import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ: 100 on every Linux that Node.js runs on.
const MICROSECONDS_A_TICK = 10_000

/** User and system time in microseconds. */
export interface CpuTime {
  /** Of the process itself. */
  readonly main: number
  /** Of the process and of all below it, those that ended included. */
  readonly tree: number
}

/** Reads the time used so far. */
export function cpuTime(root: number): CpuTime {
  const processes = new Map<number, ProcessTime>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const found = statOf(Number(name))
    if (found) processes.set(Number(name), found)
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined; at = processes.get(at)?.parent)
      if (at === root) return true
    return false
  }
  let ticks = 0
  for (const [pid, found] of processes) if (isBelow(pid)) ticks += found.ticks
  return { main: (processes.get(root)?.own ?? 0) * MICROSECONDS_A_TICK, tree: ticks * MICROSECONDS_A_TICK }
}

/**
 * What the whole machine used so far, in microseconds: proc(5), /proc/stat, user, nice, system and steal of all processors. Interrupts are
 * left out, which belong to nobody.
 */
export function machineTime(): number {
  const fields = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.split(/\s+/).map(Number)
  return (fields[1]! + fields[2]! + fields[3]! + (fields[8] ?? 0)) * MICROSECONDS_A_TICK
}

interface ProcessTime {
  readonly parent: number
  /** Its own ticks. */
  readonly own: number
  /** With those of its children that ended. */
  readonly ticks: number
}

/** proc(5): what follows the name in parentheses is state, ppid, …; utime, stime, cutime, cstime are the 14th to 17th field. */
function statOf(pid: number): ProcessTime | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // it ended meanwhile
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const sum = (count: number): number => fields.slice(11, 11 + count).reduce((all, field) => all + Number(field), 0)
  return { parent: Number(fields[1]), own: sum(2), ticks: sum(4) }
}
