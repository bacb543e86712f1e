// Ends a process group when this process is gone, however it went: a shell that waits for the end of a pipe which only this process
// holds open. For programs that would not notice by themselves that nobody uses them any more. Not on Windows, which has no groups.
import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'

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
   * @param folder removed afterwards
   */
  constructor(group: number, stopTimeout: number, folder: string) {
    if (process.platform === 'win32') return
    const args = ['-c', SCRIPT, 'sidegate-watchdog', String(group), String(Math.ceil(stopTimeout / 1000)), folder]
    const shell = spawn('/bin/sh', args, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    // Without a shell there is no watchdog; the group ends all the same when it is asked to.
    shell.on('error', () => {})
    shell.stdin.on('error', () => {})
    shell.unref()
    ;(shell.stdin as Socket).unref()
    this.#shell = shell
  }

  /** The group is over, or its end is seen to. Works twice. */
  close(): void {
    this.#shell?.kill('SIGKILL')
  }
}
