// Ends process groups that come and go when this process is gone, however it went: one shell for all of them, which is told which there are
// by a pipe that only this process holds open. Not on Windows, which has no groups.
import type { ChildProcess } from 'node:child_process'
import { watchdogShell } from './watchdog-shell.ts'

// $1: seconds until they are ended by force. `+ GROUP` adds one, `- GROUP` takes it away.
const SCRIPT = `l=' '
while read -r o g; do
  case $o in
    +) l="$l$g " ;;
    -) case $l in *" $g "*) l="\${l%% $g *} \${l#* $g }" ;; esac ;;
  esac
done
for g in $l; do kill -TERM "-$g" 2>/dev/null; done
n=0
while [ "$n" -lt "$1" ]; do
  some=
  for g in $l; do kill -0 "-$g" 2>/dev/null && some=1; done
  [ "$some" ] || exit 0
  sleep 1
  n=$((n + 1))
done
for g in $l; do kill -KILL "-$g" 2>/dev/null; done`

/** Watches over process groups. */
export class GroupsWatchdog {
  readonly #seconds: number
  readonly #groups = new Set<number>()
  #shell: ChildProcess | undefined

  /** @param stopTimeout milliseconds from SIGTERM to SIGKILL */
  constructor(stopTimeout: number) {
    this.#seconds = Math.ceil(stopTimeout / 1000)
  }

  /** @param group its leader's process id */
  add(group: number): void {
    if (process.platform === 'win32') return
    this.#groups.add(group)
    if (this.#shell) this.#tell(`+ ${group}\n`)
    else this.#start()
  }

  /** The leader of the group is over: its number may be another's soon. */
  remove(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}\n`)
  }

  /** The end of those that there are is seen to. Works twice. */
  close(): void {
    this.#groups.clear()
    this.#shell?.kill('SIGKILL')
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line)
  }

  #start(): void {
    const shell = watchdogShell(SCRIPT, [String(this.#seconds)])
    // The next group that comes starts another.
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined
    }
    shell.once('error', gone).once('exit', gone)
    this.#shell = shell
    this.#tell([...this.#groups].map((group) => `+ ${group}\n`).join(''))
  }
}
