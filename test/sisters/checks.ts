// What has to work with every server. The app of each interface is written to these paths:
//
//   GET  /where/…   prefix|path|query, the path in UTF-8
//   POST /echo      the body
//   GET  /go        a redirect to /where/there
//   GET  /cookies   two cookies, a and b
//   GET  /stream    0, 1 and 2 in lines of their own, half a second between them
//   GET  /broken    raises an error that names the query
//   WS   /socket    every message again
import { randomBytes } from 'node:crypto'
import { demand } from '../apps/app.ts'
import type { Check, Visitor } from '../frameworks/check.ts'
import { until } from '../harness.ts'

/** A MiB: more than what servers keep in memory. */
const BODY = randomBytes(2 ** 20)
const AT_ONCE = 20

async function echo(visitor: Visitor, chunked?: number): Promise<void> {
  const answer = await visitor.ask('/echo', {
    method: 'POST',
    body: BODY,
    headers: [['Content-Type', 'application/octet-stream']],
    ...(chunked && { chunked }),
  })
  demand(answer.status === 200, `${answer.status}: ${answer.text.slice(0, 300)}`)
  demand(answer.body.equals(BODY), `${answer.body.length} bytes come back, not those of the upload`)
}

export const checks: readonly Check[] = [
  {
    name: 'the prefix, a path beyond ASCII, the query',
    async look(visitor) {
      const { status, text } = await visitor.ask('/where/z%C3%BCrich%20x?x=1&y')
      demand(
        status === 200 && text === `${visitor.way.prefix}|/where/zürich x|x=1&y`,
        `${status}: ${text.slice(0, 300)}`,
      )
    },
  },
  {
    name: 'a client that names a prefix itself is not believed',
    async look(visitor) {
      const { status, text } = await visitor.ask('/where/there', { headers: [['X-Forwarded-Prefix', '/forged']] })
      demand(status === 200 && text === `${visitor.way.prefix}|/where/there|`, `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'HEAD',
    async look(visitor) {
      const { status, extra } = await visitor.ask('/where/there', { method: 'HEAD' })
      demand(status === 200 && extra === 0, `status ${status}, ${extra} bytes`)
    },
  },
  {
    name: 'a redirect',
    async look(visitor) {
      const answer = await visitor.ask('/go')
      const location = answer.header('location') ?? ''
      demand(
        answer.status === 302 && visitor.resolve(location, '/go') === `${visitor.way.prefix}/where/there`,
        `${answer.status} ${location}`,
      )
    },
  },
  {
    name: 'two cookies',
    async look(visitor) {
      const cookies = (await visitor.ask('/cookies')).all('set-cookie').map((line) => line.split(';')[0])
      demand(cookies.join() === 'a=1,b=1', cookies.join(' and '))
    },
  },
  { name: 'an upload of 1 MiB', look: (visitor) => echo(visitor) },
  { name: 'an upload in chunks', look: (visitor) => echo(visitor, 50_000) },
  {
    name: 'a response that streams',
    async look(visitor) {
      const live = visitor.start('/stream')
      await live.until(({ text }) => text.includes('0'))
      demand(!live.answer!.text.includes('2'), 'it comes in one piece')
      const { status, text, complete } = await live.whole()
      demand(status === 200 && complete && text.trim().split(/\s+/).join(' ') === '0 1 2', `${status}: ${text}`)
    },
  },
  {
    name: 'many requests at once',
    async look(visitor) {
      const texts = await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, index) => (await visitor.ask(`/where/${index}`)).text),
      )
      const wrong = texts.find((text, index) => text !== `${visitor.way.prefix}|/where/${index}|`)
      demand(wrong === undefined, `one is ${wrong?.slice(0, 300)}`)
    },
  },
  {
    name: 'what is not there',
    async look(visitor) {
      const { status } = await visitor.ask('/no/such/page')
      demand(status === 404, `status ${status}`)
    },
  },
  {
    name: 'an error, told in the log',
    async look(visitor) {
      const before = visitor.way.log().length
      const mark = randomBytes(8).toString('hex')
      const { status } = await visitor.ask(`/broken?${mark}`)
      demand(status === 500, `status ${status}`)
      const logged = (): boolean => visitor.way.log().slice(before).includes(`broken on purpose: ${mark}`)
      await until('the error in the log', logged, 5000)
      const { text } = await visitor.ask('/where/there')
      demand(text === `${visitor.way.prefix}|/where/there|`, `the request after it is answered with ${text}`)
    },
  },
]
