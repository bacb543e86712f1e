// What real hosts and servers wrote, as captured: test/vectors/.
import { readFileSync } from 'node:fs'

const folder = new URL('../vectors/', import.meta.url)

/** One captured connection, one direction. */
export interface Capture {
  readonly file: string
  readonly protocol: 'ajp' | 'fastcgi' | 'http' | 'scgi' | 'uwsgi'
  /** Who wrote it: a host with its version, or a server; `crafted` for what no host sends. */
  readonly host: string
  readonly case: string
  readonly direction: 'request' | 'response'
}

export const captures: readonly Capture[] = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8'))

export function bytesOf(file: string): Buffer {
  return readFileSync(new URL(file, folder))
}
