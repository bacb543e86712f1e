// What the cache has done with a request, said in its response (RFC 9211).
import type { Head } from '../../wire/head.ts'
import { fieldOf, withField } from '../response-fields.ts'

/** Adds a member to Cache-Status, behind those of caches behind this one. `did`: its parameters, such as `hit; ttl=30`. */
export function withCacheStatus(head: Head, did: string): Head {
  const before = fieldOf(head, 'cache-status')
  const own = `sidegate; ${did}`
  return withField(head, 'Cache-Status', before === undefined ? own : `${before}, ${own}`)
}
