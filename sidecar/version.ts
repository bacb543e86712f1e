// The version of this package, from its package.json: that which runs, and that which is there by now.
import { readFileSync } from 'node:fs'

let running: string | undefined

/** That of this process: as it was when somebody asked first, which is at the start. */
export function version(): string {
  return (running ??= installedVersion())
}

/** As in package.json now. This file stands at sidecar/ in the sources and at dist/sidecar/ in the package. */
export function installedVersion(): string {
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const { name, version: found } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as Record<
        string,
        string
      >
      if (name === 'sidegate' && found !== undefined) return found
    } catch {
      // the other place
    }
  }
  return 'unknown'
}
