// Apps that fail: the client can tell, and the next request is none the worse.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case, Run } from '../case.ts'

/** What nginx writes down when a response under way is cut. */
const CUT =
  /upstream prematurely closed connection|recv\(\) failed \(104|upstream sent (?:more data|unsupported FastCGI protocol version: 0)/

async function stillServes(run: Run): Promise<void> {
  equal((await run.request('hello', { target: '/' })).text, 'Hello World\n')
}

export const errors: readonly Case[] = [
  {
    name: 'raise-before-head',
    spec: 'PEP 3333 "Error Handling": 500, and nothing of the reason goes to the client',
    app: 'raise-before',
    request: { target: '/' },
    async check(answer, run) {
      equal(answer.status, 500)
      ok(!answer.text.includes('on purpose'), 'the error message went to the client')
      await stillServes(run)
    },
  },
  {
    name: 'raise-after-head',
    spec: 'PEP 3333 "Error Handling": the response is cut so that the client can tell',
    app: 'raise-after',
    request: { target: '/' },
    hostLog: CUT,
    async check(answer, run) {
      deepEqual([answer.status, answer.text, answer.complete], [200, 'begun\n', false])
      await stillServes(run)
    },
  },
  {
    name: 'longer-than-length',
    breaksRules: true,
    spec: 'PEP 3333 "Handling the Content-Length Header": what is beyond is not sent',
    app: 'too-long',
    request: { target: '/' },
    async check(answer, run) {
      deepEqual([answer.status, answer.text, answer.extra], [200, '12345', 0])
      await stillServes(run)
    },
  },
  {
    name: 'shorter-than-length',
    breaksRules: true,
    spec: 'PEP 3333: a short response is cut, not padded, not taken for complete',
    app: 'too-short',
    request: { target: '/' },
    hostLog: CUT,
    async check(answer, run) {
      deepEqual([answer.status, answer.text, answer.complete], [200, '1234567890', false])
      await stillServes(run)
    },
  },
]
