// What has to work in an app of every framework. All of them are written to these paths:
//
//   GET  /            a page with "Hello from NAME" and a link to /hello/ann, made as the framework makes links
//   GET  /hello/WHO   WHO|q, in UTF-8
//   POST /form        name|note, of a form
//   POST /upload      note|name of the file|its size|its SHA-256, of a form with a file
//   GET  /visits      1, 2, 3 for one browser: a session where the framework has one, else a cookie
//   GET  /go          a redirect to /hello/ann
//   GET  /stream      0, 1 and 2 in lines of their own, half a second between them
//   GET  /broken      raises an error that names q
import { createHash, randomBytes } from 'node:crypto'
import { demand } from '../apps/app.ts'
import { until } from '../harness.ts'
import type { Answer } from '../conformance/answer.ts'
import type { Check, Visitor } from './check.ts'
import { webSocketAt } from './web-socket.ts'

/** A MiB: more than what some frameworks keep in memory, or take at all. */
const FILE = randomBytes(2 ** 20)
const UPLOADED = `Zoë & co|dätei.bin|${FILE.length}|${createHash('sha256').update(FILE).digest('hex')}`

const CRLF = '\r\n'
const BOUNDARY = 'a-boundary-of-the-tests'
const part = (field: string, type: string, body: Uint8Array): Uint8Array[] => [
  Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; ${field}${CRLF}${type}${CRLF}`),
  body,
  Buffer.from(CRLF),
]
const upload = {
  method: 'POST',
  headers: [['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]],
  body: Buffer.concat([
    ...part('name="note"', '', Buffer.from('Zoë & co')),
    ...part('name="file"; filename="dätei.bin"', `Content-Type: application/octet-stream${CRLF}`, FILE),
    Buffer.from(`--${BOUNDARY}--${CRLF}`),
  ]),
} as const

/** A line of a traceback of Python, or of a stack of JavaScript. */
const FRAME = /File "[^"]+", line \d+|\bat .+:\d+:\d+/

/** The front page; some frameworks have it without the slash, and send their clients there. */
async function front(visitor: Visitor, method = 'GET'): Promise<Answer> {
  const answer = await visitor.ask('/', { method })
  const location = answer.header('location')
  const elsewhere = location !== undefined && visitor.resolve(location, '/') === visitor.way.prefix
  return elsewhere ? visitor.ask('', { method }) : answer
}

export const checks: readonly Check[] = [
  {
    name: 'its front page',
    async look(visitor) {
      const { status, text } = await front(visitor)
      demand(status === 200 && text.includes('Hello from '), `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'a link that it makes',
    async look(visitor) {
      const { text } = await front(visitor)
      const link = /<a [^>]*href="([^"]+)"/.exec(text)?.[1] ?? ''
      demand(visitor.resolve(link, '/') === `${visitor.way.prefix}/hello/ann`, `it leads to ${link}`)
    },
  },
  {
    name: 'HEAD',
    async look(visitor) {
      const { status, extra } = await front(visitor, 'HEAD')
      demand(status === 200 && extra === 0, `status ${status}, ${extra} bytes`)
    },
  },
  {
    name: 'its prefix without a slash',
    at: '/x',
    async look(visitor) {
      const answer = await visitor.ask('')
      const location = answer.header('location')
      const leads = location === undefined ? '' : visitor.resolve(location, '')
      const page = answer.status === 200 && answer.text.includes('Hello from ')
      demand(page || leads === `${visitor.way.prefix}/`, `${answer.status} ${leads}`)
    },
  },
  {
    name: 'a path and a query beyond ASCII',
    async look(visitor) {
      const { status, text } = await visitor.ask('/hello/z%C3%BCrich%20%E2%82%AC?q=caf%C3%A9%20%26%2B')
      demand(status === 200 && text === 'zürich €|café &+', `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'a form',
    async look(visitor) {
      const { status, text } = await visitor.ask('/form', {
        method: 'POST',
        headers: [['Content-Type', 'application/x-www-form-urlencoded']],
        body: 'name=Zo%C3%AB&note=a+b%26c',
      })
      demand(status < 300 && text === 'Zoë|a b&c', `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'an upload of 1 MiB',
    async look(visitor) {
      const { status, text } = await visitor.ask('/upload', upload)
      demand(status < 300 && text === UPLOADED, `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'an upload in chunks',
    async look(visitor) {
      const { status, text } = await visitor.ask('/upload', { ...upload, chunked: 50_000 })
      demand(status < 300 && text === UPLOADED, `${status}: ${text.slice(0, 300)}`)
    },
  },
  {
    name: 'a session',
    async look(visitor) {
      const counts: string[] = []
      for (const browser of [visitor, visitor, visitor.another(), visitor])
        counts.push((await browser.ask('/visits')).text)
      demand(counts.join(' ') === '1 2 1 3', counts.join(' ').slice(0, 300))
    },
  },
  {
    name: 'a redirect',
    async look(visitor) {
      const answer = await visitor.ask('/go')
      const location = answer.header('location') ?? ''
      const right = [301, 302, 303, 307, 308].includes(answer.status)
      demand(
        right && visitor.resolve(location, '/go') === `${visitor.way.prefix}/hello/ann`,
        `${answer.status} ${location}`,
      )
    },
  },
  {
    name: 'a response that streams',
    async look(visitor) {
      const live = visitor.start('/stream')
      await live.until(({ text }) => text.includes('0'))
      demand(!live.answer!.text.includes('2'), 'it comes in one piece')
      const { status, text, complete } = await live.whole()
      demand(status === 200 && complete && text.split(/\s+/).join(' ').trim() === '0 1 2', `${status}: ${text}`)
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
    name: 'its error page, and the traceback in the log',
    async look(visitor) {
      const before = visitor.way.log().length
      const mark = randomBytes(8).toString('hex')
      const { status } = await visitor.ask(`/broken?q=${mark}`)
      demand(status === 500, `status ${status}`)
      const logged = (): boolean => {
        const text = visitor.way.log().slice(before)
        return text.includes(`broken on purpose: ${mark}`) && FRAME.test(text)
      }
      await until('the traceback in the log', logged, 5000)
    },
  },
]

/** Of apps that have WebSockets: an echo at /ws. */
export const withWebSockets: readonly Check[] = [...checks, webSocketAt('/ws')]
