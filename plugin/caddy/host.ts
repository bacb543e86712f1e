// Caddy, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const caddy = {
  name: 'caddy',
  summary: 'Caddy 2, by its transports http or fastcgi',
  protocols,
  extension: 'Caddyfile',
  repair,
  // Its reader of records takes their end for that of the response; and it writes on while it reads, so that a reset may come before it has seen the head.
  wire: { brokenEnd: true },
  render,
  check,
} satisfies Host
