// The mount `respond`: one fixed response, such as a redirect, a 410, or the answer to a health check.
import { STATUS_CODES } from '../node-http.ts'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { requestTargets } from '../targets.ts'
import type { MountKind } from './mount.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const settings = v.strictObject({
  respond: v.pipe(
    v.union([
      v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
      v.pipe(v.string(), v.regex(/^[2-5][0-9][0-9]$/, 'a status from 200 to 599')),
    ]),
    v.description('The status: 200 to 599.'),
  ),
  body: v.pipe(
    v.optional(v.string()),
    v.description('The body, sent as UTF-8. Default: status and reason in a line; nothing for 204 and 304.'),
  ),
  headers: v.pipe(
    v.optional(v.record(v.string(), v.string()), {}),
    v.description('Header fields. Content-Type is text/plain in UTF-8 unless it is among them.'),
  ),
  location: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description('Where a redirect (301, 302, 303, 307, 308) leads: an address or an absolute path.'),
  ),
  keepPath: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Appends the path below the mount, and the query, to `location`.'),
  ),
})

export const respond: MountKind<typeof settings> = {
  kind: 'respond',
  summary: 'A fixed response: a redirect, a refusal, a health check.',
  settings,
  create({ respond: given, body: text, headers: fields, location, keepPath }, context) {
    const status = Number(given)
    const reason = STATUS_CODES[status] ?? ''
    const headers = Object.entries(fields)
    if (!headers.some(([name]) => name.toLowerCase() === 'content-type') && status !== 204 && status !== 304) {
      headers.push(['Content-Type', 'text/plain; charset=utf-8'])
    }
    const body = Buffer.from(text ?? `${status} ${reason}\n`)
    const target = location ?? ''
    const base = keepPath ? target.replace(/\/$/, '') : target
    const head = { status, reason, headers: target === '' ? headers : [...headers, ['Location', target] as const] }
    return {
      async open() {
        const redirects = REDIRECTS.has(status)
        if (redirects === (location !== undefined)) return
        const message = redirects
          ? `a response with status ${status} needs location`
          : `location goes with a redirect (301, 302, 303, 307, 308), not with status ${status}`
        throw new ConfigError('RESPOND_LOCATION', `${context.path}.location`, message)
      },
      handle(exchange) {
        if (keepPath && target !== '') {
          const below = requestTargets(exchange.variables).below
          // `//host` would be an address: whoever wrote the request could send the client anywhere.
          const path = base.includes('://') ? below : below.replace(/^[/\\]+/, '/')
          exchange.respond({ status, reason, headers: [...headers, ['Location', base + path]] })
        } else exchange.respond(head)
        exchange.end(body)
      },
      async close() {},
    }
  },
}
