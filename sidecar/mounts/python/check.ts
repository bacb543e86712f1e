// Asks the interpreter of a mount about its app, which is not imported.
import { execFile, type ExecFileException } from 'node:child_process'
import { notStarted, StartError } from '../../processes/start-error.ts'
import type { Command } from '../../processes/process.ts'
import { refusal } from '../../processes/start-child.ts'

/**
 * What keeps the app from being imported, as far as it can be seen.
 * @param command that of pythonCommand for `check`
 * @param milliseconds how long Python may take
 */
export function askPython({ file, args, cwd, env }: Command, milliseconds: number): Promise<StartError | undefined> {
  return new Promise((resolve) => {
    const answered = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (!error) {
        const answer = answerOf(stdout)
        if (!answer) return resolve(new StartError('WORKER_SPAWN', 'it does not answer as Python does'))
        return resolve(answer.code === undefined ? undefined : new StartError(answer.code, answer.message))
      }
      const { code, killed, signal } = error
      if (typeof code === 'string') return resolve(new StartError('WORKER_SPAWN', code))
      if (killed) return resolve(new StartError('WORKER_START_TIMEOUT', `no answer within ${milliseconds / 1000} s`))
      resolve(new StartError('WORKER_START_DIED', `Python ended with ${code ?? signal}`, stderr))
    }
    try {
      execFile(file, args, { cwd, env, timeout: milliseconds, windowsHide: true }, answered)
    } catch (error) {
      resolve(notStarted('WORKER_SPAWN', file, refusal(error, env)))
    }
  })
}

/** What sidegate_worker/check.py says: its last line, behind what a sitecustomize may print; undefined for what another program prints. */
function answerOf(stdout: string): { code?: string; message: string } | undefined {
  try {
    const answer = JSON.parse(stdout.trim().split('\n').at(-1)!) as { code?: string; message: string } | null
    return typeof answer === 'object' && answer !== null ? answer : undefined
  } catch {
    return undefined
  }
}
