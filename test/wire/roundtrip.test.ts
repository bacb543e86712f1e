// The client codec of a protocol against its server codec: what goes in comes out, however the bytes are cut.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientEvent, Protocol } from '../../sidecar/wire/codec.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { Conversation } from './converse.ts'
import { random, randomly, seed } from './splits.ts'

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const name = fc
  .stringMatching(/^[A-Z_][A-Z0-9_]{0,150}$/)
  .filter((text) => !text.startsWith('UWSGI_') && !/^(?:HTTP_)?CONTENT_(?:LENGTH|TYPE)$|^HTTP_PROXY$/.test(text))
const value = fc.oneof(
  { weight: 8, arbitrary: latin1(200) },
  fc.integer({ min: 0, max: 3000 }).map((size) => 'é'.repeat(size)),
)
/** Without NUL, which no server takes. */
const variables = fc.dictionary(
  name,
  value.map((text) => text.replaceAll('\0', ' ')),
  { minKeys: 1, maxKeys: 12, noNullPrototype: true },
)
const visible = fc.stringMatching(/^[!-~]{1,40}$/)
const segment = fc.stringMatching(/^[A-Za-z0-9~_-]{0,8}$/)
/** What AJP has a place for, each as the server gives it. */
const ajpVariables = fc
  .record(
    {
      method: fc.constantFrom('GET', 'POST', 'MKACTIVITY', 'OPTIONS', 'PURGE', 'Get'),
      path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
      query: fc.option(fc.stringMatching(/^[a-z=&%?]{0,20}$/), { nil: undefined }),
      port: fc.integer({ min: 0, max: 65535 }),
      others: fc.record(
        {
          REMOTE_ADDR: visible,
          REMOTE_HOST: visible,
          REMOTE_PORT: visible,
          REMOTE_USER: visible,
          AUTH_TYPE: visible,
          AJP_ROUTE: visible,
          HTTPS: fc.constant('on'),
          SSL_CIPHER: visible,
          SSL_CIPHER_USEKEYSIZE: fc.constantFrom('128', '256'),
          SSL_PROTOCOL: visible,
          SSL_CLIENT_CERT: visible,
          SSL_SESSION_ID: visible,
          SERVER_ADDR: visible,
          JK_LB_ACTIVATION: visible,
          CONTENT_TYPE: visible,
          HTTP_HOST: visible,
          HTTP_COOKIE: visible,
          HTTP_USER_AGENT: fc.constant(''),
        },
        { requiredKeys: ['REMOTE_ADDR'], noNullPrototype: true },
      ),
      fields: fc.dictionary(
        fc.stringMatching(/^HTTP_X_[A-Z0-9_]{1,30}$/),
        latin1(200).map((text) => text.replace(/[\r\n\0]/g, ' ')),
        { maxKeys: 8, noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  )
  .map(({ method, path, query, port, others, fields }) => ({
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: path,
    QUERY_STRING: query ?? '',
    REQUEST_URI: query === undefined ? path : `${path}?${query}`,
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'example.com',
    SERVER_PORT: String(port),
    ...others,
    ...fields,
  }))
const chunk = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
  fc.constantFrom(4095, 4096, 8193, 65528, 65529, 140_000).map((size) => new Uint8Array(size).fill(size)),
)
const chunks = fc.array(chunk, { maxLength: 5 })
const fieldValue = fc.stringMatching(/^[!-~\u00a1-\u00ff]([ -~\u00a1-\u00ff]{0,60}[!-~\u00a1-\u00ff])?$/)
const fieldName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/)
const reserved = new Set(['status', 'content-length', 'location'])
const head: fc.Arbitrary<Head> = fc.record(
  {
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    reason: fc.stringMatching(/^([A-Za-z][A-Za-z ]{0,20})?$/).map((text) => text.trim()),
    headers: fc.array(
      fc.tuple(
        fieldName.filter((text) => !reserved.has(text.toLowerCase())),
        fieldValue,
      ),
      { maxLength: 8 },
    ),
  },
  { noNullPrototype: true },
)
interface Sample {
  variables: Record<string, string>
  body: Uint8Array[]
  announce: boolean
  head: Head
  answer: Uint8Array[]
  together: boolean
  cuts: number
}
const exchangeOf = (given: fc.Arbitrary<Record<string, string>>): fc.Arbitrary<Sample> =>
  fc.record({
    variables: given,
    body: chunks,
    announce: fc.boolean(),
    head,
    answer: chunks,
    together: fc.boolean(),
    cuts: fc.nat(),
  })
const exchange = exchangeOf(variables)

/** AJP has codes for some names, and may put another field first. Fields of one name keep their order. */
function unordered({ status, reason, headers }: Head): Head {
  const lower = headers.map(([field, text]): [string, string] => [field.toLowerCase(), text])
  return { status, reason, headers: lower.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) }
}

/** Plays the exchanges one after the other on one connection; gives what went in and what came out, to be the same. */
function play(protocol: Protocol, samples: Sample[]): { sent: unknown[]; got: unknown[] } {
  const sent: unknown[] = []
  const got: unknown[] = []
  const client = protocol.client()
  const conversation = new Conversation(protocol.server())
  const { codec } = conversation
  for (const { variables: given, body, announce, head: response, answer, together, cuts } of samples) {
    const cut = randomly(random(cuts))
    const whole = Buffer.concat(body)
    const announced = announce || protocol === uwsgi || protocol === scgi
    const asked = announced ? { ...given, CONTENT_LENGTH: String(whole.length) } : given
    const extra: Record<string, string> = {}
    if (protocol === scgi) extra.SCGI = '1'
    if (protocol.name === 'ajp' && !announced) extra.HTTP_TRANSFER_ENCODING = 'chunked'
    conversation.feed(client.request(asked, announced ? whole.length : undefined), cut)
    for (const part of body) for (const piece of client.data(part)) conversation.feed(piece, cut)
    const mark = client.finish()
    if (mark) conversation.feed(mark, cut)

    const heard = conversation.heard.at(-1)!
    // AJP: the body is asked for, once for each packet.
    for (let ask = codec.demand(heard.id); ask; ask = codec.demand(heard.id)) {
      if (codec.demand(heard.id)) throw new Error('asked twice')
      for (const event of client.receive(ask)) if (event.type === 'reply') conversation.feed(event.bytes, cut)
    }
    if (client.held > 0) throw new Error('body bytes are kept')
    const known = announced || (whole.length === 0 && protocol.name !== 'ajp')
    const length = known ? whole.length : undefined
    sent.push({ variables: { ...asked, ...extra }, body: whole, length, ended: true })
    got.push({
      variables: { ...heard.variables },
      body: Buffer.concat(heard.body),
      length: heard.length,
      ended: heard.ended,
    })

    const [first, ...more] = together ? [Buffer.concat(answer)] : [answer[0], ...answer.slice(1)]
    const written = [codec.start(heard.id, response, first, together)]
    if (!together) {
      for (const part of more) written.push(...codec.data(heard.id, part))
      written.push(codec.finish(heard.id) ?? new Uint8Array(0))
    }
    const events: ClientEvent[] = []
    for (const piece of cut(Buffer.concat(written))) {
      const own = Buffer.from(piece)
      events.push(
        ...client
          .receive(own)
          .map((event) => ('bytes' in event ? { ...event, bytes: Buffer.from(event.bytes) } : event)),
      )
      own.fill(0x55)
    }
    if (!codec.keepsOpen(heard.id)) events.push(...client.receiveEnd())
    const bytes = Buffer.concat(events.flatMap((event) => (event.type === 'body' ? [event.bytes] : [])))
    const others = events.filter(({ type }) => type !== 'body')
    const heads = (event: ClientEvent | undefined): unknown => {
      if (event?.type !== 'head') return event
      const { status, reason, headers } = event.head
      return { type: 'head', head: protocol.name === 'ajp' ? unordered(event.head) : { status, reason, headers } }
    }
    sent.push(heads({ type: 'head', head: response }), Buffer.concat(answer), {
      type: 'end',
      reuse: codec.keepsOpen(heard.id),
    })
    got.push(heads(others[0]), bytes, ...others.slice(1))
  }
  return { sent, got }
}

describe(`client and server (SIDEGATE_SEED=${seed})`, () => {
  test('FastCGI: several requests on one connection', () => {
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 4 }), (samples) => {
        const { sent, got } = play(fastcgi, samples)
        expect(isDeepStrictEqual(got, sent)).toBe(true)
      }),
      { seed, numRuns: 150 },
    )
  })

  test.each([8192, 10_000, 65_536])('AJP, packets of %d: several requests on one connection', (packetSize) => {
    const options = { packetSize, secret: 'säcret' }
    const sized = { ...ajp, server: () => ajp.server(options), client: () => ajp.client(options) }
    fc.assert(
      fc.property(fc.array(exchangeOf(ajpVariables), { minLength: 1, maxLength: 4 }), (samples) => {
        const { sent, got } = play(sized, samples)
        expect(isDeepStrictEqual(got, sent)).toBe(true)
      }),
      { seed, numRuns: 100 },
    )
  })

  test('SCGI: a request on a connection', () => {
    fc.assert(
      fc.property(exchange, (sample) => {
        const { sent, got } = play(scgi, [sample])
        expect(isDeepStrictEqual(got, sent)).toBe(true)
      }),
      { seed, numRuns: 200 },
    )
  })

  test('uwsgi: a request on a connection', () => {
    fc.assert(
      fc.property(exchange, (sample) => {
        const { sent, got } = play(uwsgi, [sample])
        expect(isDeepStrictEqual(got, sent)).toBe(true)
      }),
      { seed, numRuns: 200 },
    )
  })
})
