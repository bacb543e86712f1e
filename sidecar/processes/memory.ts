// How much memory a process has, as the system tells it.
import { readFileSync } from 'node:fs'

/** proc_pid_status(5). The other files there count in pages, whose size differs from machine to machine. */
const LINE = /^VmRSS:\s+(\d+) kB$/m

/** Resident bytes of a process; undefined where the system does not tell (no /proc), or it is over. */
export function residentMemory(pid: number): number | undefined {
  try {
    const [, kilobytes] = LINE.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
