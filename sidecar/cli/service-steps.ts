// Runs programs of the system one after the other, as an administrator would type them.
import { spawnSync } from 'node:child_process'
import { ConfigError } from '../errors.ts'
import { describeStep, type Step } from './service-plan.ts'

/** None of them waits for anything but a service that stops. */
const STEP_MS = 600_000

/**
 * Runs them; what they print goes to `print`.
 * @throws {ConfigError} SERVICE_FAILED with the first that fails
 */
export function runSteps(steps: readonly Step[], print: (text: string) => void): void {
  for (const step of steps) {
    print(`> ${describeStep(step)}\n`)
    const [program, ...words] = step
    const { status, error, stdout, stderr } = spawnSync(program, words, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_MS,
      windowsHide: true,
    })
    for (const text of [stdout, stderr]) if (text) print(text.endsWith('\n') ? text : `${text}\n`)
    if (status === 0) continue
    const how = error ? error.message : `it ended with ${status ?? 'a signal'}`
    const message = `${describeStep(step)}: ${how}. What it printed stands above, what Sidegate said when it was started in the logs of the service; and services need the rights of an administrator`
    throw new ConfigError('SERVICE_FAILED', '', message)
  }
}
