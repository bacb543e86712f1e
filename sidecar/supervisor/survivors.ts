// Ends gateways that outlive their supervisor: each ends by itself once it notices, but for one that an app keeps busy without end. A shell beside this
// process waits for the end of a pipe which only this process holds open; it costs a sixth of a megabyte, where a thread in each gateway would cost ten.
import type { ChildProcess } from 'node:child_process'
import { watchdogShell } from '../processes/watchdog-shell.ts'
import { letOutputsNotWait } from './outputs.ts'

// `+ PID SECONDS` adds one, `- PID` takes it away.
const SCRIPT = `l=' '
while read -r o p s; do
  case $l in *" $p:"*) l="\${l%% $p:*} \${l#* $p:* }" ;; esac
  if [ "$o" = + ]; then l="$l$p:$s "; fi
done
n=0
while [ "$l" != ' ' ]; do
  r=' '
  for e in $l; do
    p=\${e%:*}
    kill -0 "$p" 2>/dev/null || continue
    if [ "$n" -lt "\${e#*:}" ]; then r="$r$e "; continue; fi
    echo "sidegate: process $p is a gateway without a supervisor that does not end: an app keeps it busy, and it is killed" >&2
    kill -KILL "-$p"
  done
  l=$r
  n=$((n + 1))
  sleep 1
done`

export class Survivors {
  readonly #seconds = new Map<number, number>()
  #shell: ChildProcess | undefined

  /**
   * @param pid of a gateway, which leads its process group
   * @param milliseconds that it may take to end once this process is gone
   */
  add(pid: number, milliseconds: number): void {
    const seconds = Math.ceil(milliseconds / 1000)
    this.#seconds.set(pid, seconds)
    if (this.#shell) this.#tell(`+ ${pid} ${seconds}\n`)
    else this.#start()
  }

  /** It is over: its number may be another's soon. The last one takes the shell with it, as a supervisor may stay for long without a gateway. */
  remove(pid: number): void {
    if (!this.#seconds.delete(pid)) return
    if (this.#seconds.size > 0) this.#tell(`- ${pid}\n`)
    else this.close()
  }

  /** The end of all is seen to. Works twice. */
  close(): void {
    this.#seconds.clear()
    this.#shell?.kill('SIGKILL')
    this.#shell = undefined
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(line)
  }

  #start(): void {
    const shell = watchdogShell(SCRIPT, [], 'inherit')
    letOutputsNotWait()
    // The next gateway that comes starts another.
    const gone = (): void => {
      if (this.#shell === shell) this.#shell = undefined
    }
    shell.once('error', gone).once('exit', gone)
    this.#shell = shell
    this.#tell([...this.#seconds].map(([pid, seconds]) => `+ ${pid} ${seconds}\n`).join(''))
  }
}
