// The client codec of a protocol against its server codec: what goes in comes out, however the bytes are cut.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientEvent, Protocol } from '../../sidecar/wire/codec.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import type { Head } from '../../sidecar/wire/head.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { Conversation } from './converse.ts'
import { random, randomly, seed } from './splits.ts'

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const name = fc
  .stringMatching(/^[A-Z_][A-Z0-9_]{0,150}$/)
  .filter((text) => !text.startsWith('UWSGI_') && text !== 'HTTP_PROXY' && text !== 'CONTENT_LENGTH')
const value = fc.oneof(
  { weight: 8, arbitrary: latin1(200) },
  fc.integer({ min: 0, max: 3000 }).map((size) => 'é'.repeat(size)),
)
const variables = fc.dictionary(name, value, { minKeys: 1, maxKeys: 12, noNullPrototype: true })
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
const exchange = fc.record({
  variables,
  body: chunks,
  announce: fc.boolean(),
  head,
  answer: chunks,
  together: fc.boolean(),
  cuts: fc.nat(),
})
type Sample = typeof exchange extends fc.Arbitrary<infer T> ? T : never

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
    const announced = announce || protocol === uwsgi
    const asked = announced ? { ...given, CONTENT_LENGTH: String(whole.length) } : given
    conversation.feed(client.request(asked, announced ? whole.length : undefined), cut)
    for (const part of body) for (const piece of client.data(part)) conversation.feed(piece, cut)
    const mark = client.finish()
    if (mark) conversation.feed(mark, cut)

    const heard = conversation.heard.at(-1)!
    const length = announced ? whole.length : whole.length === 0 ? 0 : undefined
    sent.push({ variables: asked, body: whole, length, ended: true })
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
    sent.push({ type: 'head', head: response }, Buffer.concat(answer), {
      type: 'end',
      reuse: codec.keepsOpen(heard.id),
    })
    got.push(others[0], bytes, ...others.slice(1))
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
