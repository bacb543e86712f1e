// Apache httpd, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const apache = {
  name: 'apache',
  summary: 'Apache httpd 2.4, by mod_proxy_http, _fcgi, _uwsgi, _scgi or _ajp',
  protocols,
  extension: 'conf',
  repair,
  render,
  check,
} satisfies Host
