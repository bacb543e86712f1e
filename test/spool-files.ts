// What request bodies have in temporary files.
import { readdirSync, readlinkSync } from 'node:fs'

/** The files without a name that this process has open for bodies. */
export function spoolFiles(): string[] {
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return open.filter((path) => /\/sidegate-[0-9a-f-]+ \(deleted\)$/.test(path))
}
