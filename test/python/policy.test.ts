// Scheduling policies of the gateway and its workers (sched(7)).
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { MAIN } from '../built.ts'
import { stopProcess } from '../harness.ts'
import { APPS } from './mount.ts'

const SCHED_OTHER = 0
const SCHED_RR = 2
const SCHED_BATCH = 3
const SCHED_IDLE = 5
let gateway: ChildProcess | undefined

afterEach(() => gateway && stopProcess(gateway))

/** proc(5), /proc/PID/stat, field 41; the second one may hold anything. */
function policyOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')[38])
}

/** Starts a gateway, and waits until it serves. */
async function serve(target: string, prefix: readonly string[] = []): Promise<number> {
  const [file = '', ...args] = [...prefix, process.execPath, MAIN, 'serve', target, '--listen', 'http://127.0.0.1:0']
  gateway = spawn(file, args, { cwd: APPS, stdio: ['ignore', 'ignore', 'pipe'] })
  for await (const line of createInterface({ input: gateway.stderr! }))
    if (line.includes('mounted')) return gateway.pid!
  throw new Error('the gateway did not start')
}

test.runIf(process.platform === 'linux')('a gateway with Python workers gives way to them', async () => {
  expect(policyOf(await serve('python:spec'))).toBe(SCHED_BATCH)
})

test.runIf(process.platform === 'linux')('one without stays as it is', async () => {
  expect(policyOf(await serve('respond:200'))).toBe(SCHED_OTHER)
})

// Who is idle gets no turn on a busy machine; who may not have a turn before others is.
const MAY_ROUND_ROBIN = spawnSync('chrt', ['--rr', '1', 'true']).status === 0
const [given, name] = MAY_ROUND_ROBIN ? [SCHED_RR, ['--rr', '1']] : [SCHED_IDLE, ['--idle', '0']]

test.runIf(process.platform === 'linux')('one that was given a policy keeps it', async () => {
  expect(policyOf(await serve('python:spec', ['chrt', ...name]))).toBe(given)
})
