// What happens while a response is under way.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../case.ts'

const NO_CLOSE = 'nothing is closed: cases about disconnection ask for the like'

export const streaming: readonly Case[] = [
  {
    name: 'stream-first-chunk',
    spec: 'PEP 3333 "Buffering and Streaming": a chunk is sent before the next is asked for',
    app: 'stream',
    request: { target: '/?token=TOKEN' },
    async live(live, run) {
      await live.until((answer) => answer.text === 'first\n')
      // Only now may the app make its second chunk.
      equal((await run.request('release', { target: `/?token=${run.token}` })).text, 'true')
      deepEqual([(await live.whole()).text, live.answer?.complete], ['first\nsecond\n', true])
    },
  },
  {
    name: 'close-after-body',
    spec: 'PEP 3333: close() is called once when the request is complete',
    app: 'closes',
    request: { target: '/?token=TOKEN' },
    notApplicable: { asgi: NO_CLOSE },
    async check(answer, run) {
      equal(answer.text, 'one\ntwo\n')
      await closedOnce(run)
    },
  },
  {
    name: 'close-after-head',
    spec: 'PEP 3333: close() is called for HEAD too',
    app: 'closes',
    request: { method: 'HEAD', target: '/?token=TOKEN' },
    notApplicable: { asgi: NO_CLOSE },
    async check(answer, run) {
      deepEqual([answer.status, answer.extra], [200, 0])
      await closedOnce(run)
    },
  },
  {
    name: 'close-after-error',
    spec: 'PEP 3333: close() is called when the iteration raised',
    app: 'closes-raise',
    request: { target: '/?token=TOKEN' },
    notApplicable: {
      node: 'has no iterable to close',
      fetch: 'a stream that failed is not cancelled (Streams 4.2.4)',
      asgi: NO_CLOSE,
    },
    async check(answer, run) {
      equal(answer.status, 500)
      await closedOnce(run)
    },
  },
  {
    name: 'close-after-abort',
    spec: 'PEP 3333: close() is called when the client goes away; nothing runs on for nobody',
    app: 'endless',
    request: { target: '/?token=TOKEN' },
    notApplicable: { asgi: NO_CLOSE },
    async live(live, run) {
      await live.until((answer) => answer.body.length > 200_000)
      live.destroy()
      await closedOnce(run)
    },
  },
  {
    name: 'slow-client',
    spec: 'a client that does not read stops the app, not the memory',
    app: 'endless',
    request: { target: '/?token=TOKEN' },
    notApplicable: { asgi: NO_CLOSE },
    async live(live, run) {
      await live.until((answer) => answer.body.length > 0)
      live.pause()
      // Others are served meanwhile.
      for (let i = 0; i < 5; i++) equal((await run.request('hello', { target: '/' })).text, 'Hello World\n')
      ok(!live.ended)
      live.destroy()
      await closedOnce(run)
    },
  },
]

async function closedOnce(run: Parameters<NonNullable<Case['live']>>[1]): Promise<void> {
  const closed = async (): Promise<number> =>
    (await run.request('closed', { target: `/?token=${run.token}` })).json<number>()
  await run.until('close() of the app', async () => (await closed()) > 0)
  equal(await closed(), 1)
}
