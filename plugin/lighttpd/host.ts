// lighttpd, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const lighttpd = {
  name: 'lighttpd',
  summary: 'lighttpd 1.4, by mod_scgi (uwsgi or SCGI), mod_fastcgi, mod_proxy or mod_ajp13',
  protocols,
  extension: 'conf',
  // mod_ajp13: `/a%252Fb` comes as `/a%2Fb`, `/100%25` as `/100%`.
  wire: { decodedPath: true },
  repair,
  render,
  check,
} satisfies Host
