// The hosts that Sidegate knows: one line each.
import { apache } from './apache/host.ts'
import { caddy } from './caddy/host.ts'
import { cgi } from './cgi/host.ts'
import { haproxy } from './haproxy/host.ts'
import type { Host } from './host.ts'
import { iis } from './iis/host.ts'
import { lighttpd } from './lighttpd/host.ts'
import { nginx } from './nginx/host.ts'
import { unit } from './unit/host.ts'

/** Every host, by the name it has in the setting `host`. */
export const hosts: readonly Host[] = [nginx, apache, lighttpd, haproxy, caddy, iis, unit, cgi]
