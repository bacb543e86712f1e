// What send() takes while a response goes.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { asgiCase, noted, release, stillServes } from './asked.ts'

const START = 'ASGI HTTP "Response Start - send event"'
const BODY = 'ASGI HTTP "Response Body - send event"'

/** What nginx writes down when a response under way is cut. */
const CUT = /upstream prematurely closed connection|recv\(\) failed \(104/

export const sent: readonly Case[] = [
  asgiCase({
    name: 'send-start-held',
    spec: `${START}: nothing is sent before the first part of the body`,
    app: 'start-held',
    async live(live, run) {
      await noted(run, 'the app has sent its start', ({ started }) => started === true)
      await stillServes(run)
      equal(live.answer, undefined)
      await release(run)
      const { status, text } = await live.whole()
      deepEqual([status, text], [200, 'held\n'])
    },
  }),
  asgiCase({
    name: 'send-start-then-raise',
    spec: `${START}: nothing was sent, so an exception is answered with 500`,
    app: 'start-then-raise',
    async check(answer, run) {
      equal(answer.status, 500)
      ok(!answer.text.includes('on purpose'), 'the error message went to the client')
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'send-defaults',
    spec: `${START}: headers is optional; ${BODY}: body and more_body are`,
    app: 'defaults',
    check: (answer) => deepEqual([answer.status, answer.text, answer.complete], [200, '', true]),
  }),
  asgiCase({
    name: 'send-extra-keys',
    spec: 'ASGI "Error Handling": additional keys are no error',
    app: 'extra-keys',
    check: (answer) => deepEqual([answer.status, answer.text], [200, 'extra\n']),
  }),
  asgiCase({
    name: 'send-iterables',
    spec: `${START}: headers is an iterable of iterables`,
    app: 'iterables',
    check: (answer) =>
      deepEqual([answer.text, answer.header('x-one'), answer.header('x-two')], ['iterables\n', '1', '2']),
  }),
  asgiCase({
    name: 'send-nothing',
    spec: 'an app that ends without a response is answered for with 500',
    app: 'nothing',
    async check(answer, run) {
      equal(answer.status, 500)
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'send-only-start',
    spec: `${START}: without a body it is no response, and nothing was sent: 500`,
    app: 'only-start',
    async check(answer, run) {
      equal(answer.status, 500)
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'send-unfinished',
    spec: `${BODY}: an app that ends with more_body leaves a response that the client can tell is not whole`,
    app: 'unfinished',
    hostLog: CUT,
    async check(answer, run) {
      deepEqual([answer.status, answer.text, answer.complete], [200, 'begun\n', false])
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'send-unfinished-chunks',
    spec: `${BODY}: and without a length as well, where the transport can say so`,
    app: 'unfinished-chunks',
    hostLog: CUT,
    notOver: {
      uwsgi: 'the end of the connection is the end of the response',
      scgi: 'the end of the connection is the end of the response',
    },
    async check(answer, run) {
      deepEqual([answer.status, answer.text, answer.complete], [200, 'begun\n', false])
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'send-split-header',
    spec: 'RFC 9110 5.5: no line breaks in header values',
    app: 'split-header',
    check(answer) {
      equal(answer.status, 500)
      equal(answer.header('x-injected'), undefined)
    },
  }),
  asgiCase({
    name: 'send-own-framing',
    spec: 'ASGI HTTP: chunks are the server’s affair; what an app says of them is left out, or comes out right',
    app: 'own-framing',
    check: (answer) => deepEqual([answer.text, answer.complete, answer.extra], ['framed once\n', true, 0]),
  }),
  asgiCase({
    name: 'send-no-chunks',
    spec: 'ASGI HTTP: chunks are the server’s affair; RFC 9112 6.1: a client of HTTP/1.0 knows none',
    app: 'generator',
    request: { target: '/', protocol: 'HTTP/1.0' },
    check: (answer) => deepEqual([answer.header('transfer-encoding'), answer.text], [undefined, 'one\ntwo\nthree\n']),
  }),
]
