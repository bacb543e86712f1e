// lighttpd, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const lighttpd = {
  name: 'lighttpd',
  summary: 'lighttpd 1.4, by mod_scgi (uwsgi or SCGI), mod_fastcgi or mod_proxy',
  protocols,
  extension: 'conf',
  repair,
  render,
  check,
} satisfies Host
