// The memory of a process, as Linux counts it.
import { readFileSync } from 'node:fs'

/** Resident memory in bytes: `now`, or the `most` since the process began (proc(5), VmRSS and VmHWM). */
export function resident(pid: number, which: 'now' | 'most'): number {
  const field = which === 'now' ? 'VmRSS' : 'VmHWM'
  const line = new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line![1]) * 1024
}
