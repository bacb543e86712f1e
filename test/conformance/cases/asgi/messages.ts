// Messages that an app must not send: send() raises, and what has been sent before is none the worse.
import { ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { asgiCase, noted, socketCase, stillServes } from './asked.ts'

const ERRORS = 'ASGI "Error Handling": the server raises an exception out of send()'

const HTTP: Readonly<Record<string, string>> = {
  'unknown-type': 'an unknown type',
  'no-type': 'no type',
  'websocket-type': 'a type of another protocol',
  'no-status': 'a start without its status',
  'text-status': 'a status that is no number',
  'text-header': 'headers that are no byte strings',
  'lone-header': 'a header without a value',
  'body-first': 'a body before the start',
  'second-start': 'a second start',
  'text-body': 'a body that is no byte string',
  'unknown-type-then': 'an unknown type within a response',
}

const WEBSOCKET: Readonly<Record<string, string>> = {
  'send-first': 'a message before it has accepted',
  'unknown-type': 'an unknown type',
  'no-type': 'no type',
  'http-type': 'a type of another protocol',
  'second-accept': 'a second accept',
  neither: 'a message with neither text nor bytes',
  'bytes-as-text': 'text that is a byte string',
  'text-as-bytes': 'bytes that are a text string',
  'unknown-type-then': 'an unknown type on an open WebSocket',
}

/** What nginx writes down when a response under way is cut. */
const CUT = /upstream prematurely closed connection|recv\(\) failed \(104/

export const messages: readonly Case[] = [
  ...Object.entries(HTTP).map(([kind, words]) =>
    asgiCase({
      name: `message-${kind}`,
      spec: `${ERRORS}: ${words}`,
      app: 'wrong',
      hostLog: CUT,
      request: { target: `/?kind=${kind}&token=TOKEN` },
      async live(live, run) {
        await live.wait('the end of the response', () => live.ended)
        const { raised } = await noted(run, 'the app has sent it', (seen) => seen.raised !== undefined)
        ok(raised![0], 'send() raised nothing')
        await stillServes(run)
      },
    }),
  ),
  asgiCase({
    name: 'message-after-end',
    spec: 'ASGI HTTP "Response Body": what comes behind the last part is ignored',
    app: 'after-end',
    async check(answer, run) {
      const { raised } = await noted(run, 'the app has sent both', (seen) => seen.raised?.length === 2)
      ok(answer.text === 'whole\n' && answer.extra === 0, `the body is ${JSON.stringify(answer.text)}`)
      ok(
        raised!.every((one) => one === null),
        `send() raised ${JSON.stringify(raised)}`,
      )
    },
  }),
  ...Object.entries(WEBSOCKET).map(([kind, words]) =>
    socketCase({
      name: `websocket-message-${kind}`,
      spec: `${ERRORS}: ${words}`,
      app: 'wrong',
      hostLog: CUT,
      request: { target: `/?kind=${kind}&token=TOKEN` },
      async socket(_, run) {
        const { raised } = await noted(run, 'the app has sent it', (seen) => seen.raised !== undefined)
        ok(raised![0], 'send() raised nothing')
        await stillServes(run)
      },
    }),
  ),
]
