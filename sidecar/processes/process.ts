// One process, of whatever language: started in a process group of its own, its output read line by line, and ended without leaving anything
// behind. A worker gets a socket pair for each connection as well, and one for the control channel.
//
// File descriptors of the child: 0 nothing, 1 and 2 pipes, 3 to 2 + connections the connections, then the control channel
// (JSON lines both ways). On Windows each of them is two pipes: the child reads the first, and writes to the one behind it.
// A worker ends when its connections end: that is how it notices that the gateway was killed. One that can notice nothing, as it hangs or was
// stopped, is ended by a watchdog.
import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { isWindows } from '../file-names.ts'
import type { Exit } from './exit.ts'
import { Lines, Tail } from '../lines.ts'
import { GroupsWatchdog } from './groups-watchdog.ts'
import { PipePair } from './pipe-pair.ts'
import { startChild } from './start-child.ts'
import { askTree, killTree, rootOptions } from './tree.ts'

/** What to run. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Absolute, and there. */
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** Who hears of a process. */
export interface ProcessListener {
  /** A message on the control channel; an object with a `type`. */
  message(message: ControlMessage): void
  output(stream: 'stdout' | 'stderr', line: string): void
  /** The process is over (or could not be started), and what it wrote last has been read. Called once. */
  exited(exit: Exit): void
}

export interface ControlMessage {
  readonly type: string
  readonly [key: string]: unknown
}

/** As many as a crash report or the end of a traceback has; more is in the log above. */
const LAST_LINES = 25
/** Characters of a message of a worker: the error of an app may be long. */
const MESSAGE_MAX = 8 * 1024 * 1024
/** How long the output of a process that is over may still come: somebody else may hold its pipes. */
const OUTPUT_GRACE = 500

/** How long a worker may live on without its gateway, in milliseconds. */
const ORPHAN_MS = 1000
const orphans = new GroupsWatchdog(ORPHAN_MS)

/** PWD is the folder of whoever started the gateway: a process in another one would believe it (puma does), and may not be let in there. */
function placed({ cwd, env }: Command): NodeJS.ProcessEnv {
  const inherited = env.PWD !== undefined && env.PWD === process.env.PWD
  return inherited && cwd !== process.cwd() ? { ...env, PWD: cwd } : env
}

/** A process under way. */
export class SupervisedProcess {
  readonly connections: readonly Duplex[]
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  over = false
  readonly #child: ChildProcess
  readonly #control: Duplex | undefined
  readonly #listener: ProcessListener
  readonly #tail = new Tail(LAST_LINES)
  #killer: NodeJS.Timeout | undefined

  /** `connections`: none for a program that knows nothing of Sidegate; it gets no control channel either. */
  constructor(command: Command, connections: number, listener: ProcessListener) {
    this.#listener = listener
    const ways = (connections === 0 ? 0 : connections + 1) * (isWindows() ? 2 : 1)
    const sockets = Array.from({ length: ways }, () => 'pipe' as const)
    this.#child = startChild(command.file, command.args, {
      cwd: command.cwd,
      env: placed(command),
      stdio: ['ignore', 'pipe', 'pipe', ...sockets],
      ...rootOptions(),
    })
    this.pid = this.#child.pid
    if (connections > 0 && this.pid !== undefined) orphans.add(this.pid)
    // A process that could not be started may have none: whoever speaks to it gets connections that are closed.
    const pipes = ((this.#child.stdio ?? []) as unknown as (Socket | null)[])
      .slice(3)
      .filter((stream) => stream !== null)
    const opened = isWindows() ? paired(pipes) : pipes
    this.connections = Array.from({ length: connections }, (_, index) => opened[index] ?? closedConnection())
    this.#control = opened[connections]
    for (const stream of opened) stream.on('error', () => {})
    this.#readControl()
    this.#readOutput()
    this.#child.once('error', (error) => {
      if (this.pid === undefined) this.#end(null, null, error)
    })
    this.#child.once('exit', (code, signal) => this.#exited(code, signal))
  }

  /** A message to the worker. */
  tell(message: ControlMessage): void {
    if (!this.over && this.#control?.writable) this.#control.write(`${JSON.stringify(message)}\n`)
  }

  /** Text that it wrote to its stderr by another way, for `lastLines`. */
  remember(text: string): void {
    for (const line of text.split('\n')) if (line !== '') this.#tail.add(line)
  }

  /**
   * Asks it to end, by the end of its connections and by a signal for what it started; after `timeout` ms it is ended by force, and at once where
   * there is no way to ask.
   */
  stop(timeout: number, signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.over) return
    for (const socket of this.connections) socket.end()
    const asked = askTree(this.#child, signal) || this.connections.length > 0
    if (asked) this.#killer ??= setTimeout(() => this.kill(), timeout)
    else this.kill()
  }

  /** Ends it and what it started at once. */
  kill(): void {
    if (!this.over) killTree(this.#child)
  }

  #readControl(): void {
    const lines = new Lines((line) => {
      let message: unknown
      try {
        message = JSON.parse(line)
      } catch {
        return
      }
      if (typeof message === 'object' && message !== null && 'type' in message) {
        this.#listener.message(message as ControlMessage)
      }
    }, MESSAGE_MAX)
    this.#control?.on('data', (bytes: Buffer) => lines.push(bytes))
  }

  #readOutput(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const lines = new Lines((line) => {
        if (name === 'stderr') this.#tail.add(line)
        this.#listener.output(name, line)
      })
      this.#child[name]?.on('data', (bytes: Buffer) => lines.push(bytes)).once('end', () => lines.end())
    }
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    // Its children must not live on: they would hold sockets and memory, and nobody would look after them.
    killTree(this.#child)
    orphans.remove(this.pid!)
    clearTimeout(this.#killer)
    const end = (): void => {
      clearTimeout(timer)
      this.#end(code, signal, undefined)
    }
    const timer = setTimeout(end, OUTPUT_GRACE)
    this.#child.once('close', end)
  }

  #end(code: number | null, signal: NodeJS.Signals | null, error: NodeJS.ErrnoException | undefined): void {
    if (this.over) return
    this.over = true
    for (const stream of this.#child.stdio ?? []) stream?.destroy()
    this.#listener.exited({ code, signal, error, lastLines: this.#tail.text })
  }
}

/** One to nobody. */
function closedConnection(): Duplex {
  return new Socket().on('error', () => {}).destroy()
}

/** Each two of them as one connection. */
function paired(pipes: readonly Socket[]): Duplex[] {
  return pipes.flatMap((outgoing, index) => {
    const incoming = pipes[index + 1]
    return index % 2 === 0 && incoming ? [new PipePair(incoming, outgoing)] : []
  })
}
