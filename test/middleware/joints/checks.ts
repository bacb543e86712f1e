// What has to hold of every response, whatever stands between.
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { STRANGER, type Link } from './chains.ts'
import { bodyOf, digest, MARK, PAGES } from './pages.ts'
import { factsOf, sentBody } from './requests.ts'
import type { Came, Ran } from './run.ts'

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/** Errors that requests and pages of these tests are there to bring about. */
const EXPECTED =
  /^(?:ACCESS_|APP_RAISED|ASIDE_|AUTH_|BODY_CUT|BODY_TOO_(?:LONG|SHORT)|CIRCUIT_OPEN|CLIENT_GONE|ERROR_PAGE|GATEWAY_CLOSED|LIMIT_|MIRROR_|RESPONSE_(?:LATE|LONG|SILENT)|XSLT_)/

/** @throws what does not hold */
export function check(links: readonly Link[], { came, asked, layers }: Ran): void {
  const tags = new Map<string, string>()
  for (const one of came) {
    framed(one)
    honest(links, one)
    letIn(links, one)
    chosen(one)
    tagged(one, tags)
    for (const code of one.codes) match(code, EXPECTED)
  }
  deepEqual(
    asked.filter(({ over }) => !over).map(({ variables }) => variables.PATH_INFO),
    [],
    'not over',
  )
  for (const { asked: request } of came) {
    const number = came.findIndex((one) => one.asked === request)
    const times = asked.filter(({ hops, variables }) => hops === 0 && variables.HTTP_X_TEST === String(number))
    if (request.method === 'POST') ok(times.length <= 1, `a POST came ${times.length} times`)
  }
  for (const [index, layer] of layers.entries()) {
    if (links[index]!.layer !== 'limit') continue
    const { waiting, clients } = layer.status!().counts!
    equal(waiting, 0, 'requests that wait in limit')
    if (links[index]!.settings.rate === undefined) equal(clients, 0, 'slots of limit that are taken')
  }
}

/** One head and one end, and a length that is true. */
function framed({ asked, response, carrier }: Came): void {
  const { calls } = carrier
  const { status, headers, body, cut } = response
  const shape = calls.join(' ')
  match(shape, /^(?:start\+last|start(?: write)*(?: finish| cut)?|)$/)
  if (!cut) match(shape, /start\+last|finish/)
  if (status === 0) return ok(cut, 'no head and no end')
  const lengths = headers.filter(([name]) => /^content-length$/i.test(name))
  ok(lengths.length <= 1, 'two lengths')
  for (const name of [
    'content-type',
    'content-encoding',
    'etag',
    'age',
    'location',
    'content-range',
    'vary',
    'date',
    'cache-status',
  ])
    ok(headers.filter(([one]) => one.toLowerCase() === name).length <= 1, `${name} comes twice`)
  const bodiless = asked.method === 'HEAD' || status === 204 || status === 304
  if (bodiless) equal(body.byteLength, 0, 'a body where there is none')
  else if (lengths[0] && !cut) equal(Number(lengths[0][1]), body.byteLength, 'Content-Length')
  if (status === 204) deepEqual(lengths, [])
  if (status === 304) match(asked.condition, /strong|weak|any/)
  if (status === 206 || status === 416) match(asked.condition, /range/)
}

/** The content, decoded; undefined where it is not all there. */
export function contentOf({ response, asked }: Came): Buffer | undefined {
  const { status, body, cut } = response
  if (cut || asked.method === 'HEAD' || status === 206 || status === 304) return undefined
  const coding = response.header('content-encoding')
  return coding === undefined ? body : DECODERS[coding]!(body)
}

/** What comes is what a page says, and says it to whom it is for. */
function honest(links: readonly Link[], came: Came): void {
  const { asked, response } = came
  const content = contentOf(came) ?? (response.header('content-encoding') === undefined ? response.body : undefined)
  if (!content) return
  const mark = MARK.exec(content.toString('latin1'))
  if (mark) {
    const [, page = '', user = '', lang = '', , got = ''] = mark
    const own = factsOf(asked)
    ok(['-', 'nobody', own.user].includes(user), `${own.user} gets the page of ${user}`)
    ok(['-', own.lang].includes(lang), `${own.lang} gets ${lang}`)
    if (got !== '-') equal(got, digest(sentBody(asked) ?? Buffer.alloc(0)), 'the body of the request')
    if (page === 'mobile' && !asked.path.includes('mobile')) ok(asked.mobile, 'a page for another browser')
    if (came.response.cut || links.some(({ layer }) => layer === 'xslt')) return
    const whole = bodyOf(page, { ...own, user, got })
    const said = PAGES[page]!.length === 'less' ? whole.subarray(0, whole.byteLength - 100) : whole
    ok(content.equals(said) || (response.status !== 200 && content.equals(whole)), `the body of ${page}`)
  }
  if (response.status === 206 && !response.cut && response.header('content-encoding') === undefined) {
    const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.header('content-range')!)!
    equal(Number(to) - Number(from) + 1, response.body.byteLength, 'Content-Range')
    const name = /(\w+)(?:\?.*)?$/.exec(decodeURI(asked.path))![1]!
    if (!Object.hasOwn(PAGES, name) || links.some(({ layer }) => layer === 'xslt' || layer === 'rewrite')) return
    const candidates = ['nobody', factsOf(asked).user].map((user) => bodyOf(name, { ...factsOf(asked), user }))
    const parts = candidates
      .filter((each) => each.byteLength === Number(size))
      .map((each) => each.subarray(Number(from)))
    ok(
      parts.some((each) => each.equals(response.body)),
      'a part of another body',
    )
  }
}

/** Who is not let in gets no page. */
function letIn(links: readonly Link[], came: Came): void {
  const { asked, response } = came
  const mark = MARK.exec((contentOf(came) ?? response.body).toString('latin1'))
  const right = asked.user !== undefined && !asked.known && asked.password === 'right'
  const moves = links.some(({ layer }) => layer === 'rewrite')
  for (const { layer, settings } of links) {
    const guards =
      layer === 'auth'
        ? !right
        : layer === 'access' && asked.stranger && (settings.allow !== undefined || settings.deny !== undefined)
    if (!guards || (settings.except !== undefined && (moves || /plain/.test(asked.path)))) continue
    const guarded = settings.path === undefined || (!moves && mark?.[1] === 'secret')
    // A page of `errors` may be asked for.
    if (guarded && response.status < 400) equal(mark?.[0], undefined, `a page behind ${layer}`)
  }
}

/** What layers add by fields of the request is for that request. */
function chosen({ asked, response }: Came): void {
  const own = factsOf(asked)
  ok([undefined, own.lang].includes(response.header('x-lang')), 'X-Lang of another request')
  ok([undefined, own.user].includes(response.header('x-who-are-you')), 'X-Who-Are-You of another request')
  ok([undefined, '*', asked.origin].includes(response.header('access-control-allow-origin')), 'allows another origin')
  const location = response.header('location')
  if (location === '/mobile') ok(asked.mobile, 'led to the place of another browser')
  if (location?.startsWith('/192.')) equal(location, `/${asked.stranger ? STRANGER : '192.0.2.7'}`)
  const cookie = response.header('set-cookie')
  if (cookie !== undefined) doesNotMatch(response.header('cache-status') ?? '', /sidegate; hit[^,]*$/)
}

/** A strong tag is of one body alone (RFC 9110 8.8.1). */
function tagged(came: Came, tags: Map<string, string>): void {
  const { asked, response } = came
  const tag = response.header('etag')
  if (response.status !== 200 || response.cut || asked.method !== 'GET' || !tag?.startsWith('"')) return
  const bytes = digest(response.body)
  const before = tags.get(asked.path + tag)
  equal(before ?? bytes, bytes, `two bodies with the tag ${tag}`)
  tags.set(asked.path + tag, bytes)
}
