// The end of a process, and how it is told.

/** NTSTATUS: the severity is `error`. */
const CRASHED = 0xc000_0000

/** What Node.js says when its heap is full, ahead of the end by SIGABRT. */
const HEAP_FULL = 'JavaScript heap out of memory'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It could not even be started: ENOENT, EACCES, … */
  readonly error: NodeJS.ErrnoException | undefined
  /** The last lines of its stderr. */
  readonly lastLines: string | undefined
}

/** `exited with code 3`, `was killed by SIGSEGV`, `exited with code 0xC0000005`. */
export function describeExit(exit: Exit): string {
  if (exit.error) return `could not be started: ${exit.error.message}`
  if (exit.lastLines?.includes(HEAP_FULL))
    return `ran out of memory for JavaScript objects (the setting heap, or --max-old-space-size of Node.js, is the limit)`
  if (exit.signal === 'SIGKILL')
    return "was killed by SIGKILL (by the kernel, for want of memory, unless somebody did it: see the kernel's log)"
  if (exit.signal) return `was killed by ${exit.signal}`
  // Windows: the code of a crash, as it is written where it is explained.
  return `exited with code ${(exit.code ?? 0) >= CRASHED ? `0x${exit.code!.toString(16).toUpperCase()}` : exit.code}`
}
