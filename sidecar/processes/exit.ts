// The end of a process, and how it is told.

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It could not even be started: ENOENT, EACCES, … */
  readonly error: NodeJS.ErrnoException | undefined
  /** The last lines of its stderr. */
  readonly lastLines: string | undefined
}

/** `exited with code 3`, `was killed by SIGSEGV`. */
export function describeExit(exit: Exit): string {
  if (exit.error) return `could not be started: ${exit.error.message}`
  if (exit.signal === 'SIGKILL')
    return "was killed by SIGKILL (by the kernel, for want of memory, unless somebody did it: see the kernel's log)"
  return exit.signal ? `was killed by ${exit.signal}` : `exited with code ${exit.code}`
}
