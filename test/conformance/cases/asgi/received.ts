// What receive() gives while a request comes.
import { createHash } from 'node:crypto'
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { bytes } from '../bodies.ts'
import { asgiCase, noted, release, settled, stillServes } from './asked.ts'

const REQUEST = 'ASGI HTTP "Request - receive event"'
/** More than all sockets and buffers on the way take. */
const FLOOD = 64 * 1024 * 1024

type Events = readonly (readonly [type: string, size: number, more: boolean])[]

/** Byte strings, more to come behind all but the last, and nothing lost. */
function checkEvents(events: Events, size: number): void {
  deepEqual([...new Set(events.map(([type]) => type))], ['bytes'])
  deepEqual(
    events.map(([, , more]) => more),
    events.map((_, index) => index < events.length - 1),
  )
  equal(
    events.reduce((sum, [, part]) => sum + part, 0),
    size,
  )
}

export const received: readonly Case[] = [
  asgiCase({
    name: 'receive-empty',
    spec: `${REQUEST}: a request without a body has one event`,
    app: 'events',
    check: (answer) => deepEqual(answer.json(), [['bytes', 0, false]]),
  }),
  asgiCase({
    name: 'receive-small',
    spec: REQUEST,
    app: 'events',
    request: { method: 'POST', target: '/', body: 'small' },
    check: (answer) => checkEvents(answer.json<Events>(), 5),
  }),
  asgiCase({
    name: 'receive-large',
    spec: `${REQUEST}: a large body comes in pieces`,
    app: 'events',
    request: { method: 'POST', target: '/', body: bytes(4 * 1024 * 1024) },
    check(answer) {
      const events = answer.json<Events>()
      checkEvents(events, 4 * 1024 * 1024)
      ok(events.length > 1, 'the whole body came as one event')
    },
  }),
  asgiCase({
    name: 'receive-chunked',
    spec: `${REQUEST}: chunks are the server's affair`,
    app: 'events',
    request: { method: 'POST', target: '/', body: bytes(50_000), chunked: 999 },
    notOver: { uwsgi: 'has no bodies without a length', scgi: 'has no bodies without a length' },
    check: (answer) => checkEvents(answer.json<Events>(), 50_000),
  }),
  asgiCase({
    name: 'receive-while-it-comes',
    spec: `${REQUEST}: a body is given as it comes, not once it is whole`,
    app: 'first-part',
    request: { method: 'POST', target: '/?token=TOKEN', body: 'first, then the rest', held: 5 },
    async live(live, run) {
      await noted(run, 'the first part of the body', ({ seen }) => seen === 5)
      live.sendRest()
      equal((await live.whole()).text, '20')
    },
  }),
  asgiCase({
    name: 'receive-flow-control',
    spec: 'an app that does not receive stops the client, not the memory',
    app: 'held-body',
    request: { method: 'POST', target: '/?token=TOKEN', body: bytes(FLOOD) },
    async live(live, run) {
      await live.wait('the connection', () => live.localPort !== undefined || live.unsent > 0)
      await run.until(
        'the client is stopped',
        settled(() => live.unsent),
      )
      ok(live.unsent > 0, `the server took ${FLOOD / 1024 / 1024} MB that nobody received`)
      await stillServes(run)
      await release(run)
      deepEqual((await live.whole()).json(), {
        size: FLOOD,
        sha256: createHash('sha256').update(bytes(FLOOD)).digest('hex'),
      })
    },
  }),
  asgiCase({
    name: 'receive-waits',
    spec: 'ASGI HTTP "Disconnect - receive event": only when the response has been sent, or the client has gone; again each time',
    app: 'waits',
    request: { method: 'POST', target: '/?token=TOKEN', body: 'x' },
    async check(answer, run) {
      equal(answer.text, 'sent\n')
      const { early, event, again } = await noted(run, 'the second event', (seen) => seen.again !== undefined)
      deepEqual([early, event, again], [false, 'http.disconnect', 'http.disconnect'])
    },
  }),
]
