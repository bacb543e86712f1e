// HAProxy, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const haproxy = {
  name: 'haproxy',
  summary: 'HAProxy 2.2 and later, by HTTP or FastCGI (fcgi-app)',
  protocols,
  extension: 'cfg',
  repair,
  render,
  check,
} satisfies Host
