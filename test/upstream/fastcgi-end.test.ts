// How responses of FastCGI servers end: properly and short, in the middle of a head, with silence.
import { afterEach, expect, test } from 'vitest'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { Cleanup, rawUpstream, upstreamGateway } from './servers.ts'

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

/** STDOUT with this text on request 1. */
const stdout = (text: string): Buffer =>
  Buffer.concat([Buffer.from([1, 6, 0, 1, text.length >> 8, text.length & 255, 0, 0]), Buffer.from(text)])
const END = Buffer.from([1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const HEAD = 'Status: 200 OK\r\nContent-Length: 5\r\n'

test.each([
  ['short', [stdout(`${HEAD}\r\nabc`), END], 'ended its response 2 bytes short of its Content-Length', 'UPSTREAM_CUT'],
  ['in its body', [stdout(`${HEAD}\r\nabc`)], 'closed the connection in the middle of its response', 'UPSTREAM_CUT'],
  ['in its head', [stdout(HEAD)], 'closed the connection in the middle of its response head', 'UPSTREAM_CUT'],
  ['with nothing', [], 'closed the connection without an answer; so does', 'UPSTREAM_RESET'],
])('a response that ends %s', async (_, records, message, code) => {
  const server = cleanup.add(
    await rawUpstream((socket) => {
      const codec = fastcgi.server()
      socket.on('data', (bytes) => {
        if (codec.receive(bytes).some(({ type }) => type === 'end')) socket.end(Buffer.concat(records))
      })
    }),
    (one) => one.close(),
  )
  const url = `fastcgi://127.0.0.1:${server.port}`
  const one = cleanup.add(await upstreamGateway({ upstream: url }), (gateway) => gateway.stop())
  const answer = await fetch(one.url).then(
    async (response) => (await response.text().catch(() => undefined)) ?? 'cut',
    () => 'cut',
  )
  expect(answer === 'cut' || answer.includes(code)).toBe(true)
  await expect.poll(() => one.log.text).toContain(`${url} ${message}`)
  expect(one.log.text).toContain(`code=${code}`)
})
