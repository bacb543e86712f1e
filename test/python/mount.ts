// A Python mount under test: the apps of the folder beside this file, and what it logs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { onTestFinished } from 'vitest'
import { Log, type LogFields } from '../../sidecar/log.ts'
import type { Mount, MountKind } from '../../sidecar/mounts/mount.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { makeExchange, type TestExchange, type TestRequest, type TestResponse } from '../exchange.ts'

/** No signals, no shell, and one system's own ways with numbers of files. */
export const windows: boolean = process.platform === 'win32'

/** The folder of the apps. */
export const APPS: string = fileURLToPath(new URL('./apps', import.meta.url))

/** The Python that has the frameworks, where there is one from the system. */
export const INTERPRETER: string = process.env.SIDEGATE_TEST_PYTHON ?? '/usr/bin/python3'

/** One line of the log. */
export interface Line extends LogFields {
  level: string
  message: string
}

/** A mount in use. */
export interface TestMount {
  mount: Mount
  lines: Line[]
  /** Sends a request; does not wait. */
  start(request?: TestRequest): TestExchange
  /** Sends a request, gives the response. */
  ask(request?: TestRequest): Promise<TestResponse>
  /** Waits for a line. */
  logged(found: (line: Line) => boolean): Promise<Line>
}

export type Settings = Partial<v.InferInput<typeof python.settings>> & { python: string }

/** A mount that is not open. It is closed after the test. */
export function makeMount(settings: Settings): TestMount {
  return makeMountOf(python, settings, APPS)
}

/** The same, of any kind of Python app. `kept`: it is not closed. */
export function makeMountOf(kind: MountKind, settings: object, directory: string, kept = false): TestMount {
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  const sink = {
    write(text: string): void {
      for (const line of text.split('\n')) if (line) lines.push(JSON.parse(line) as Line)
      for (const check of waiting) check()
    },
  }
  const log = new Log('json', sink, sink, false)
  const context = { key: '/', path: 'mounts./', directory, log }
  const mount = kind.create(v.parse(kind.settings, { interpreter: INTERPRETER, stopTimeout: 5, ...settings }), context)
  if (!kept) onTestFinished(() => mount.close())
  const start = (request?: TestRequest): TestExchange => {
    const made = makeExchange(request)
    try {
      mount.handle(made.exchange)?.catch((error: unknown) => made.exchange.fail(error))
    } catch (error) {
      made.exchange.fail(error)
    }
    return made
  }
  return {
    mount,
    lines,
    start,
    ask: (request) => start(request).response,
    logged: (found) =>
      new Promise((resolve) => {
        const check = (): void => {
          const line = lines.find(found)
          if (!line) return
          waiting.delete(check)
          resolve(line)
        }
        waiting.add(check)
        check()
      }),
  }
}

/** A mount that is open. */
export async function openMount(settings: Settings): Promise<TestMount> {
  const made = makeMount(settings)
  await made.mount.open()
  return made
}

/** True as long as there is such a process. One that is over and that nobody has waited for yet does not count. */
export function alive(pid: number): boolean {
  if (windows) return exists(pid)
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return status === 0 && !stdout.startsWith('Z')
}

/** Waits until something holds; the test's own time limit bounds it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Processes that are over and not yet waited for are none of Windows. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
