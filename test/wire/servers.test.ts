// What PHP-FPM, uWSGI, fcgiwrap and Tomcat answered, as captured, read by the client codecs.
import { describe, expect, test } from 'vitest'
import type { ClientEvent } from '../../sidecar/wire/codec.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { bytesOf, captures } from './captures.ts'
import { decodePackets } from './decode-ajp.ts'
import { decodeRecords } from './decode.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

const GET = { REQUEST_METHOD: 'GET' }

interface Answer {
  status: number
  headers: Record<string, string>
  body: string
  size: number
  stderr: string
  reuse: boolean
}

function answerOf(events: ClientEvent[]): Answer {
  const [head] = events.filter((event) => event.type === 'head')
  const joined = (type: 'body' | 'stderr'): string =>
    Buffer.concat(events.flatMap((event) => (event.type === type ? [event.bytes] : []))).toString('latin1')
  const last = events.at(-1)!
  if (!head || last.type !== 'end') throw new Error(`no response in ${JSON.stringify(events)}`)
  const headers = Object.fromEntries(head.head.headers.map(([name, value]) => [name.toLowerCase(), value]))
  const body = joined('body')
  return { status: head.head.status, headers, body, size: body.length, stderr: joined('stderr'), reuse: last.reuse }
}

/** The answers in a FastCGI capture; each ends with its END_REQUEST, where the next request is made. */
function fastcgiAnswers(bytes: Buffer, cut: Cut): Answer[] {
  const client = fastcgi.client()
  const answers: Answer[] = []
  let at = 0
  for (const { end } of decodeRecords(bytes).filter(({ type }) => type === 3)) {
    client.request(GET, 0)
    answers.push(answerOf(cut(bytes.subarray(at, end)).flatMap((piece) => client.receive(piece))))
    at = end
  }
  expect(client.receiveEnd()).toEqual([])
  return answers
}

function unframedAnswers(protocol: typeof uwsgi, bytes: Buffer, cut: Cut): Answer[] {
  const client = protocol.client()
  client.request(GET, 0)
  const events = cut(bytes).flatMap((piece) => client.receive(piece))
  return [answerOf([...events, ...client.receiveEnd()])]
}

/** The answers in an AJP capture; each ends with its END_RESPONSE. What it asks for is nothing: the requests have no body. */
function ajpAnswers(bytes: Buffer, cut: Cut): Answer[] {
  const client = ajp.client()
  const answers: Answer[] = []
  let at = 0
  for (const { end } of decodePackets(bytes).filter(({ payload }) => payload[0] === 5)) {
    client.request(GET, 0)
    const events = cut(bytes.subarray(at, end)).flatMap((piece) => client.receive(piece))
    const asked = events.filter(({ type }) => type === 'reply')
    for (const event of asked) expect(event).toEqual({ type: 'reply', bytes: Buffer.from([0x12, 0x34, 0, 0]) })
    answers.push(answerOf(events))
    at = end
  }
  expect(client.receiveEnd()).toEqual([])
  return answers
}

const readers = {
  fastcgi: fastcgiAnswers,
  uwsgi: (bytes: Buffer, cut: Cut) => unframedAnswers(uwsgi, bytes, cut),
  scgi: (bytes: Buffer, cut: Cut) => unframedAnswers(scgi, bytes, cut),
  ajp: ajpAnswers,
}

const expected: Record<string, Partial<Answer>[]> = {
  'server-phpfpm-fastcgi-get.resp.bin': [{ status: 200, reuse: true, stderr: '' }],
  'server-phpfpm-fastcgi-get-keep-two.resp.bin': [{ status: 200 }, { status: 200 }],
  'server-phpfpm-fastcgi-post.resp.bin': [{ status: 200 }],
  'server-phpfpm-fastcgi-status-404.resp.bin': [{ status: 404 }],
  'server-phpfpm-fastcgi-location.resp.bin': [
    { status: 302, headers: expect.objectContaining({ location: expect.any(String) }) },
  ],
  'server-phpfpm-fastcgi-error-log.resp.bin': [{ status: 200, stderr: expect.stringMatching(/\S/) }],
  'server-phpfpm-fastcgi-missing.resp.bin': [
    {
      status: 404,
      stderr: expect.stringContaining('Primary script unknown'),
      body: expect.stringContaining('File not found'),
    },
  ],
  'server-phpfpm-fastcgi-not-php.resp.bin': [{ status: 403, stderr: expect.stringMatching(/\S/) }],
  'server-phpfpm-fastcgi-flush.resp.bin': [{ status: 200 }],
  'server-phpfpm-fastcgi-head.resp.bin': [{ status: 200, body: '' }],
  'server-phpfpm-fastcgi-big-200k.resp.bin': [{ status: 200, size: 200_091 }],
  'server-fcgiwrap-fastcgi-get.resp.bin': [{ status: 200 }],
  'server-fcgiwrap-fastcgi-get-keep-two.resp.bin': [{ status: 200 }, { status: 200 }],
  'server-fcgiwrap-fastcgi-missing.resp.bin': [{ status: 403 }],
  'server-uwsgi-fastcgi-get.resp.bin': [{ status: 200 }],
  'server-uwsgi-fastcgi-post.resp.bin': [{ status: 200 }],
  'server-uwsgi-uwsgi-get.resp.bin': [{ status: 200, reuse: false }],
  'server-uwsgi-uwsgi-post.resp.bin': [{ status: 200 }],
  'server-uwsgi-uwsgi-404.resp.bin': [{ status: 404 }],
  'server-uwsgi-uwsgi-http10.resp.bin': [{ status: 200 }],
  'server-uwsgi-uwsgi-modifier-30.resp.bin': [{ status: 200 }],
  'server-uwsgi-scgi-get.resp.bin': [{ status: 200, reuse: false }],
  'server-uwsgi-scgi-post.resp.bin': [{ status: 200 }],
  'server-uwsgi-scgi-404.resp.bin': [{ status: 404 }],
  'server-tomcat-ajp-get-jsp.resp.bin': [
    {
      status: 200,
      reuse: true,
      body: expect.stringContaining('GET /echo.jsp'),
      headers: expect.objectContaining({ 'x-test': '1' }),
    },
  ],
  'server-tomcat-ajp-get-static.resp.bin': [{ status: 200 }],
  'server-tomcat-ajp-head.resp.bin': [{ status: 200, body: '' }],
  'server-tomcat-ajp-big.resp.bin': [{ status: 200, size: expect.any(Number) }],
  'server-tomcat-ajp-flush.resp.bin': [{ status: 200, body: expect.stringContaining('after-flush') }],
  'server-tomcat-ajp-notfound.resp.bin': [{ status: 404 }],
  'server-tomcat-ajp-attr-unknown.resp.bin': [{ status: 403, reuse: false }],
  'server-tomcat-ajp-secret-wrong.resp.bin': [{ status: 403, reuse: false }],
  'server-tomcat-ajp-is-ssl.resp.bin': [{ status: 200 }],
  'server-tomcat-ajp-stored-method.resp.bin': [{ status: 405 }],
  'server-tomcat-ajp-post-cl.resp.bin': [{ status: 200, body: expect.stringContaining('body=5') }],
  'server-tomcat-ajp-post-chunked.resp.bin': [{ status: 200, body: expect.stringContaining('body=5') }],
  'server-tomcat-ajp-post-cl-two-packets.resp.bin': [{ status: 200 }],
  'server-tomcat-ajp-get-no-cl-app-reads-body.resp.bin': [{ status: 200, body: expect.stringContaining('body=0') }],
  'server-tomcat-ajp-post-noread-20k.resp.bin': [{ status: 200 }, { status: 200 }],
  'server-tomcat-ajp-two-requests.resp.bin': [
    { status: 200, reuse: true },
    { status: 200, reuse: true },
  ],
}

describe(`answers of real servers (SIDEGATE_SEED=${seed})`, () => {
  test.each(Object.entries(expected))('%s', (file, answers) => {
    const bytes = bytesOf(file)
    const { protocol } = captures.find((capture) => capture.file === file)!
    const read = readers[protocol as keyof typeof readers]
    for (const cut of [whole, bytewise, randomly(random(seed))]) {
      const found = read(bytes, cut)
      expect(found).toMatchObject(answers)
      expect(found).toHaveLength(answers.length)
    }
  })

  test('Tomcat answers CPING', () => {
    const client = ajp.client()
    expect(client.ping!()).toEqual(bytesOf('server-tomcat-ajp-cping.req.bin'))
    expect(client.receive(bytesOf('server-tomcat-ajp-cping.resp.bin'))).toEqual([{ type: 'pong' }])
  })

  test('an answer with another id, or to a question that was not asked, is refused', () => {
    for (const file of ['server-phpfpm-fastcgi-id-513.resp.bin', 'server-phpfpm-fastcgi-get-values.resp.bin']) {
      const client = fastcgi.client()
      client.request(GET, 0)
      expect(() => client.receive(bytesOf(file))).toThrow(
        expect.objectContaining({ code: 'FASTCGI_RECORD', status: 502 }),
      )
    }
  })
})
