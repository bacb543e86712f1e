// nginx, as a host: what it speaks, what it gets wrong, how its config is written and checked.
import type { Host } from '../host.ts'
import { brief } from './brief.ts'
import { check } from './check.ts'
import { protocols } from './passing.ts'
import { render } from './render.ts'
import { repair } from './repair.ts'

export const nginx = {
  name: 'nginx',
  summary: 'nginx and what is built on it (OpenResty, Tengine), by uwsgi_pass, fastcgi_pass, scgi_pass or proxy_pass',
  protocols,
  extension: 'conf',
  repair,
  // It takes 103 for the response, and the client gets nothing (1.22; from 1.29 on it knows 103, and needs a directive for it).
  // Where it does not collect a response by FastCGI (fastcgi_buffering off), it looks at what comes, and not at how that ends.
  wire: { interim: false, brokenEnd: true },
  render,
  brief,
  check,
} satisfies Host
