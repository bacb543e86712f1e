// Why a process is not in use.
import { describeExit, type Exit } from './exit.ts'
import type { Command } from './process.ts'

/** A process that did not come up; `detail`: what it printed, or the traceback that it told. */
export class StartError extends Error {
  readonly code: string
  readonly detail: string | undefined

  constructor(code: string, message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}

/** `what` could not be started. `code`: where the system says no more than that. */
export function notStarted(code: string, what: string, error: NodeJS.ErrnoException, hint = ''): StartError {
  const large = error.code === 'E2BIG'
  return new StartError(
    large ? 'PROCESS_ENVIRONMENT' : code,
    `${what} could not be started: ${error.message}${large ? '' : hint}`,
  )
}

/** Why a worker ended before it was ready. */
export function startErrorOf(
  exit: Exit,
  { name, command }: { readonly name: string; readonly command: Command },
): StartError {
  if (exit.error) return notStarted('WORKER_SPAWN', command.file, exit.error)
  return new StartError('WORKER_START_DIED', `the ${name} ${describeExit(exit)} before it was ready`, exit.lastLines)
}

/** It was ready, and did not live long enough to be used. */
export function diedAtOnce(name: string): StartError {
  return new StartError('WORKER_START_DIED', `the ${name} ended as soon as it was ready`)
}
