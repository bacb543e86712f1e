// Clients that go away, and clients that do not read.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { asgiCase, follows, isOSError, noted, notes, settled, stillServes } from './asked.ts'

const DISCONNECT = 'ASGI HTTP "Disconnect - receive event"'
const RAISES = 'ASGI HTTP "Disconnected Client - send exception" (2.4): an OSError'

export const disconnection: readonly Case[] = [
  asgiCase({
    name: 'disconnect-under-way',
    spec: DISCONNECT,
    app: 'gone-under-way',
    async live(live, run) {
      await live.until(({ text }) => text === 'begun\n')
      live.destroy()
      const { event } = await noted(run, 'http.disconnect', (seen) => seen.event !== undefined)
      equal(event, 'http.disconnect')
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'disconnect-before-response',
    spec: DISCONNECT,
    app: 'gone-before',
    async live(live, run) {
      await noted(run, 'the app waits', ({ parts }) => parts === 1)
      live.destroy()
      const { event } = await noted(run, 'http.disconnect', (seen) => seen.event !== undefined)
      equal(event, 'http.disconnect')
    },
  }),
  asgiCase({
    name: 'disconnect-in-upload',
    spec: `${DISCONNECT}; half a body is not taken for a whole one`,
    app: 'gone-before',
    request: { method: 'POST', target: '/?token=TOKEN', body: 'half of a body', held: 4 },
    async live(live, run) {
      await noted(run, 'the first part', ({ parts }) => parts !== undefined && parts > 0)
      live.destroy()
      const { event } = await noted(run, 'http.disconnect', (seen) => seen.event !== undefined)
      equal(event, 'http.disconnect')
    },
  }),
  asgiCase({
    name: 'send-after-disconnect',
    spec: RAISES,
    app: 'gone-under-way',
    async live(live, run) {
      await live.until(({ text }) => text === 'begun\n')
      live.destroy()
      const seen = await noted(run, 'the app has sent to nobody', (found) => found.raised !== undefined)
      follows(seen, '2.4')
      isOSError(seen.raised![0])
    },
  }),
  asgiCase({
    name: 'send-start-after-disconnect',
    spec: RAISES,
    app: 'gone-before',
    async live(live, run) {
      await noted(run, 'the app waits', ({ parts }) => parts === 1)
      live.destroy()
      const seen = await noted(run, 'the app has sent to nobody', (found) => found.raised !== undefined)
      follows(seen, '2.4')
      isOSError(seen.raised![0])
    },
  }),
  asgiCase({
    name: 'send-under-way-disconnect',
    spec: `${RAISES}; the app need not receive for it`,
    app: 'endless',
    async live(live, run) {
      await live.until(({ body }) => body.length > 200_000)
      live.destroy()
      const seen = await noted(run, 'the app is stopped', (found) => found.ended !== undefined)
      follows(seen, '2.4')
      isOSError(seen.ended)
    },
  }),
  asgiCase({
    name: 'send-flow-control',
    spec: 'ASGI HTTP "Response Body": send() returns when the server has taken it; a client that does not read stops the app, not the memory',
    app: 'endless',
    async live(live, run) {
      await live.until(({ body }) => body.length > 0)
      live.pause()
      const sent = async (): Promise<number> => (await notes(run)).sent as number
      await run.until('the app is stopped', settled(sent))
      const { ended } = await notes(run)
      ok(ended === undefined, `the app was not stopped: it sent until ${JSON.stringify(ended)}`)
      const before = await sent()
      // What it was stopped for goes on when the client reads again.
      live.resume()
      await run.until('the app goes on', async () => (await sent()) > before)
      live.destroy()
      await noted(run, 'the app ends', (seen) => seen.ended !== undefined)
    },
  }),
  asgiCase({
    name: 'requests-at-a-time',
    spec: 'ASGI "Applications": many requests are under way in one process',
    app: 'hello',
    async check(answer, run) {
      equal(answer.text, 'Hello World\n')
      const lives = await Promise.all(
        Array.from({ length: 20 }, () => run.open('stream', { target: `/?token=${run.token}` })),
      )
      try {
        await Promise.all(lives.map((live) => live.until(({ text }) => text === 'first\n')))
        equal((await run.request('release', { target: `/?token=${run.token}` })).text, 'true')
        const texts = (await Promise.all(lives.map((live) => live.whole()))).map(({ text }) => text)
        deepEqual([...new Set(texts)], ['first\nsecond\n'])
      } finally {
        for (const live of lives) live.destroy()
      }
    },
  }),
]
