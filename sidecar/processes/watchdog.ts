// Ends a process group when this process is gone, however it went: a shell that waits for the end of a pipe which only this process
// holds open. For programs that would not notice by themselves that nobody uses them any more. Not on Windows, which has no groups.
import type { ChildProcess } from 'node:child_process'
import { watchdogShell } from './watchdog-shell.ts'

// $1: the group, $2: seconds until it is ended by force, $3: a folder that is of no use then.
const SCRIPT = `read -r _
kill -TERM "-$1" 2>/dev/null
n=0
while [ "$n" -lt "$2" ] && kill -0 "-$1" 2>/dev/null; do sleep 1; n=$((n + 1)); done
kill -KILL "-$1" 2>/dev/null
rm -rf -- "$3"`

/** Watches over one process group. */
export class Watchdog {
  readonly #shell: ChildProcess | undefined

  /**
   * @param group its leader's process id
   * @param stopTimeout milliseconds from SIGTERM to SIGKILL
   * @param folder removed afterwards; not on Windows
   */
  constructor(group: number, stopTimeout: number, folder: string) {
    if (process.platform === 'win32') return
    this.#shell = watchdogShell(SCRIPT, [String(group), String(Math.ceil(stopTimeout / 1000)), folder])
  }

  /** The group is over, or its end is seen to. Works twice. */
  close(): void {
    this.#shell?.kill('SIGKILL')
  }
}
