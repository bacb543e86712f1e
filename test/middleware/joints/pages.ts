// The app behind the chains: it answers in every way that apps answer in, and what it answers tells by itself whose it is.
import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Exchange } from '../../../sidecar/exchange.ts'
import type { Variables } from '../../../sidecar/variables.ts'
import type { HeaderPair } from '../../../sidecar/wire/head.ts'

/** What a body depends on; `-` where its page does not look at it. */
export interface Facts {
  readonly user: string
  readonly lang: string
  readonly agent: string
  /** The body of the request, as far as it was read. */
  readonly got: string
}

/** One way to answer. */
export interface Page {
  readonly status?: number
  readonly headers?: readonly HeaderPair[]
  /** What it looks at. */
  readonly by?: readonly (keyof Facts)[]
  /** Bytes behind what the body tells of itself. */
  readonly filler?: number
  /** There is none at all. */
  readonly bodiless?: boolean
  /** Pieces, with a turn of the loop between them. Default: all at once. */
  readonly pieces?: number
  /** What Content-Length says. Default: nothing. */
  readonly length?: 'true' | 'more' | 'less'
  /** It goes wrong: before the head, behind it, or amid the body. */
  readonly fails?: 'before' | 'late' | 'middle'
  /** Nothing comes: not even a head, or nothing behind the first piece. */
  readonly hangs?: 'head' | 'body'
  /** It has a strong ETag, and heeds conditions and ranges. */
  readonly tagged?: boolean
  readonly packed?: boolean
  readonly hints?: boolean
}

const FRESH: HeaderPair = ['Cache-Control', 'max-age=60']
const XML: HeaderPair = ['Content-Type', 'text/xml']

export const PAGES: Readonly<Record<string, Page>> = {
  plain: { filler: 3000, length: 'true' },
  small: { filler: 5 },
  empty: { bodiless: true },
  nothing: { status: 204, bodiless: true },
  tagged: { filler: 4000, tagged: true, headers: [FRESH] },
  stale: { filler: 2000, tagged: true, headers: [['Cache-Control', 'max-age=0, stale-if-error=60']] },
  fresh: { filler: 40_000, headers: [FRESH], pieces: 4 },
  spoken: { filler: 2500, by: ['lang'], headers: [FRESH, ['Vary', 'Accept-Language']], tagged: true },
  secret: { filler: 1500, by: ['user'], headers: [FRESH], tagged: true },
  account: { filler: 100, by: ['user'] },
  cookie: { headers: [FRESH, ['Set-Cookie', 'n=${N}']], filler: 1200 },
  stream: { pieces: 5, filler: 9000 },
  long: { filler: 300_000, pieces: 3, length: 'true' },
  events: { headers: [['Content-Type', 'text/event-stream']], pieces: 3, filler: 3000 },
  packed: { packed: true, filler: 5000, headers: [FRESH] },
  short: { filler: 3000, length: 'more' },
  over: { filler: 3000, length: 'less', headers: [FRESH] },
  raises: { fails: 'before' },
  late: { fails: 'late', filler: 2000, headers: [FRESH] },
  broken: { fails: 'middle', filler: 30_000, pieces: 3, headers: [FRESH] },
  never: { hangs: 'head' },
  stuck: { hangs: 'body', filler: 5000, pieces: 2, headers: [FRESH] },
  hints: { hints: true, filler: 2000 },
  missing: { status: 404, filler: 700, headers: [FRESH] },
  busy: { status: 503, filler: 10, headers: [['Retry-After', '0']] },
  fault: { status: 500, filler: 2000, pieces: 2 },
  moved: { status: 301, filler: 10, headers: [['Location', '/page/plain']] },
  xml: { headers: [XML, FRESH], filler: 3000 },
  echo: { by: ['got'], length: 'true' },
  mobile: { filler: 2200, headers: [FRESH] },
}

/** The body of a page. */
export function bodyOf(name: string, facts: Facts): Buffer {
  const { by = [], filler = 0, bodiless, headers = [] } = PAGES[name]!
  if (bodiless) return Buffer.alloc(0)
  const fact = (one: keyof Facts): string => `${one}=${by.includes(one) ? facts[one] : '-'}`
  const mark = `[page=${name} ${fact('user')} ${fact('lang')} ${fact('agent')} ${fact('got')}]`
  const text = mark + `${name} says it again\n`.repeat(Math.ceil(filler / 20))
  return Buffer.from(headers.includes(XML) ? `<p>${text}</p>` : text)
}

/** What a body tells of itself. */
export const MARK = /\[page=(\w+) user=(\S+) lang=(\S+) agent=(\S+) got=(\S+)\]/

/** The strong tag of a page for somebody. */
export function tagOf(name: string, facts: Facts): string {
  return `"${digest(bodyOf(name, facts))}"`
}

/** Few letters that stand for bytes. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.byteLength}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`
}

/** Who asks, as the app sees it. */
function userOf({ REMOTE_USER: user, HTTP_X_WHO: who, HTTP_AUTHORIZATION: basic = '' }: Variables): string {
  if (user) return user
  if (who) return who
  return (
    Buffer.from(basic.replace(/^Basic /, ''), 'base64')
      .toString('latin1')
      .split(':', 1)[0]! || 'nobody'
  )
}

/** Answers for the page that the path names: `/page/NAME`, whatever stands in front of it. */
export async function answerPage(exchange: Exchange): Promise<void> {
  const { variables } = exchange
  const [, name = ''] = /\/page\/(\w+)$/.exec(variables.PATH_INFO!) ?? []
  const page = PAGES[name]
  if (!page) {
    exchange.body.discard()
    exchange.respond({ status: 404, reason: 'Not Found', headers: [] })
    return exchange.end('there is no such page')
  }
  const pieces: Uint8Array[] = []
  if (page.by?.includes('got')) for await (const piece of exchange.body) pieces.push(piece)
  else exchange.body.discard()
  const { HTTP_ACCEPT_LANGUAGE: lang = '', HTTP_USER_AGENT: agent = '' } = variables
  const facts = { user: userOf(variables), lang, agent, got: digest(Buffer.concat(pieces)) }
  if (page.fails === 'before') throw new Error('boom')
  if (page.hints) exchange.interim({ status: 103, reason: 'Early Hints', headers: [['Link', '</a.css>; rel=preload']] })
  if (page.hangs === 'head') return new Promise((done) => exchange.onAbort(done))
  if (!page.tagged) return send(exchange, page, bodyOf(name, facts), [])
  return sendTagged(exchange, page, name, facts)
}

function sendTagged(exchange: Exchange, page: Page, name: string, facts: Facts): Promise<void> {
  const { HTTP_IF_NONE_MATCH: known = '', HTTP_RANGE: range, HTTP_IF_RANGE: same } = exchange.variables
  const body = bodyOf(name, facts)
  const tag = tagOf(name, facts)
  const more: HeaderPair[] = [['ETag', tag]]
  if (known === '*' || known.includes(tag)) return send(exchange, { ...page, status: 304 }, body, more)
  const [, from] = /^bytes=(\d+)-$/.exec(range ?? '') ?? []
  // RFC 9110 14.2: for GET alone.
  if (
    exchange.variables.REQUEST_METHOD !== 'GET' ||
    from === undefined ||
    Number(from) >= body.byteLength ||
    (same !== undefined && same !== tag)
  )
    return send(exchange, page, body, more)
  more.push(['Content-Range', `bytes ${from}-${body.byteLength - 1}/${body.byteLength}`])
  return send(exchange, { ...page, status: 206 }, body.subarray(Number(from)), more)
}

async function send(exchange: Exchange, page: Page, whole: Uint8Array, more: readonly HeaderPair[]): Promise<void> {
  const { status = 200, headers = [], length, packed, fails, hangs } = page
  const body = packed ? gzipSync(whole) : whole
  const fields: HeaderPair[] = [...headers, ...more].map(([name, value]) => [
    name,
    value.replace('${N}', exchange.variables.HTTP_X_TEST ?? ''),
  ])
  if (!headers.some(([name]) => name === 'Content-Type')) fields.push(['Content-Type', 'text/plain'])
  if (packed) fields.push(['Content-Encoding', 'gzip'])
  const said = body.byteLength + (length === 'more' ? 100 : length === 'less' ? -100 : 0)
  if (length && status === 200) fields.push(['Content-Length', String(said)])
  exchange.respond({ status, reason: '', headers: fields })
  if (fails === 'late') throw new Error('boom behind the head')
  const pieces = page.pieces ?? 1
  const size = Math.ceil(body.byteLength / pieces)
  for (let at = 0; at < body.byteLength - size; at += size) {
    await exchange.send(body.subarray(at, at + size))
    if (fails === 'middle') throw new Error('boom amid the body')
    if (hangs === 'body') return new Promise((done) => exchange.onAbort(done))
    await turn()
  }
  exchange.end(body.subarray(size * (pieces - 1)))
}
