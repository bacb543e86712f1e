// The version of this package, from its package.json.
import { readFileSync } from 'node:fs'

/** As in package.json. This file stands at sidecar/ in the sources and at dist/sidecar/ in the package. */
export function version(): string {
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
