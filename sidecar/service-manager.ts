// Tells the service manager that has started this process how it is: sd_notify(3). Messages are datagrams on a Unix socket, which Node.js has
// not, so that a small program sends each of them: systemd's own, or Python where that is not there, as in containers. One after the other, as
// their order counts, and none waits for an answer longer than it may.
import { spawn } from 'node:child_process'
import { visible } from './line.ts'
import type { Log } from './log.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** How long one message may take, in milliseconds: the sender itself waits at most 5 s until the manager has read it. */
const SEND_MS = 8000

/** How many may wait: a manager that reads nothing is not told what is long over. */
const WAITING_MAX = 16

/** The manager looks up by its process id who sent a message; BARRIER=1 has the sender stay until it was read (sd_notify_barrier(3)). */
const PYTHON = `import os, select, socket, sys
path = os.environ['NOTIFY_SOCKET']
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.connect('\\0' + path[1:] if path[0] == '@' else path)
    manager.sendall('\\n'.join(sys.argv[1:]).encode())
    read, write = os.pipe()
    manager.sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, write.to_bytes(4, sys.byteorder))])
    os.close(write)
    select.select([read], [], [], 5)`

const SENDERS: readonly (readonly [file: string, ...args: string[]])[] = [
  ['systemd-notify'],
  ['python3', '-I', '-c', PYTHON],
]

/** Whoever started this process, and wants to know how it is. */
export class ServiceManager {
  /** How often it wants to hear that all is well, in milliseconds; 0: not at all. */
  readonly watchdog: number
  readonly #socket: string
  readonly #log: () => Log
  #queue: Promise<void> = Promise.resolve()
  #waiting = 0
  #told = false
  #timer: NodeJS.Timeout | undefined
  /** That all is well is being said: a slow sender is not asked again before that. */
  #beats = false

  /**
   * The one of an environment; undefined where there is none.
   * @param pid the process that it has started
   * @param log where it is said, once, that it cannot be told anything
   */
  static of(environment: Environment, pid: number, log: () => Log): ServiceManager | undefined {
    const { NOTIFY_SOCKET: socket } = environment
    // Elsewhere (vsock:) is for whole machines.
    return socket && /^[/@]/.test(socket) ? new ServiceManager(socket, watchdogOf(environment, pid), log) : undefined
  }

  private constructor(socket: string, watchdog: number, log: () => Log) {
    this.#socket = socket
    this.watchdog = watchdog
    this.#log = log
  }

  /** It serves. */
  ready(status: string): void {
    this.#tell('READY=1', statusLine(status))
  }

  /** It reads its configuration anew; `ready` ends that, whatever came of it. */
  reloading(status: string): void {
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`, statusLine(status))
  }

  stopping(status: string): void {
    clearInterval(this.#timer)
    this.#tell('STOPPING=1', statusLine(status))
  }

  /** How it is, in words. */
  status(text: string): void {
    this.#tell(statusLine(text))
  }

  /** Another process is the service from now on. Resolves with whether the manager knows. */
  async main(pid: number): Promise<boolean> {
    clearInterval(this.#timer)
    // This one may have to be it again.
    this.#timer = undefined
    this.#tell(`MAINPID=${pid}`)
    await this.#queue
    return !this.#told
  }

  /** Says that all is well, as often as it is wanted, each time that `look` has come to its end. */
  watch(look: () => Promise<unknown>): void {
    if (this.watchdog === 0 || this.#timer) return
    const well = async (): Promise<void> => {
      if (this.#beats) return
      this.#beats = true
      await look()
      this.#tell('WATCHDOG=1')
      await this.#queue
      this.#beats = false
    }
    // Twice within the time, as sd_watchdog_enabled(3) has it, and once more for one that is late.
    this.#timer = setInterval(() => void well(), this.watchdog / 3).unref()
  }

  /** Resolves when all that was said has been sent. */
  sent(): Promise<void> {
    clearInterval(this.#timer)
    return this.#queue
  }

  #tell(...lines: string[]): void {
    if (this.#waiting === WAITING_MAX) return
    this.#waiting++
    this.#queue = this.#queue.then(async () => {
      const why = await this.#send(lines)
      this.#waiting--
      if (why === undefined || this.#told) return
      this.#told = true
      const message = `the service manager (NOTIFY_SOCKET) cannot be told how it is: ${why}`
      this.#log().warn(message, { code: 'NOTIFY_LOST' })
    })
  }

  /** Gives why it could not be sent. */
  async #send(lines: readonly string[]): Promise<string | undefined> {
    for (const [file, ...args] of SENDERS) {
      const env = { PATH: process.env.PATH, NOTIFY_SOCKET: this.#socket }
      const end = await ended(file, [...args, ...lines], env)
      if (end !== undefined) return end === 0 ? undefined : `${file} ended with ${end}`
    }
    return `there is neither ${SENDERS.map(([file]) => file).join(' nor ')}`
  }
}

/** The exit code, or what ended it; undefined when there is no such program. */
function ended(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { env, stdio: 'ignore', timeout: SEND_MS, killSignal: 'SIGKILL' })
    child.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ENOENT' ? undefined : code))
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0))
  })
}

/** sd_watchdog_enabled(3). */
function watchdogOf({ WATCHDOG_USEC: time = '', WATCHDOG_PID: whose }: Environment, pid: number): number {
  if (whose !== undefined && whose !== String(pid)) return 0
  return /^[1-9][0-9]*$/.test(time) ? Number(time) / 1000 : 0
}

function statusLine(text: string): string {
  return `STATUS=${visible(text)}`
}

/** The environment for processes that do not speak with the service manager. */
export function withoutServiceManager(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NOTIFY_SOCKET: _, WATCHDOG_PID: _pid, WATCHDOG_USEC: _time, ...rest } = environment
  return rest
}
