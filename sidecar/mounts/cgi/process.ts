// A script under way: its input, its output at the speed at which it is taken, its stderr line by line, its time limit, its end. It leads
// a tree of processes (processes/tree.ts), so that what it started can be stopped with it. A script that ends by itself leaves what it started in the
// background alone, as every CGI server does; one that is stopped does not.
import type { ChildProcess } from 'node:child_process'
import type { GroupsWatchdog } from '../../processes/groups-watchdog.ts'
import { Lines, Tail } from '../../lines.ts'
import type { Exit } from '../../processes/exit.ts'
import { startChild } from '../../processes/start-child.ts'
import { askTree, killTree, rootOptions } from '../../processes/tree.ts'
import type { Upload } from '../../upload.ts'
import type { Invocation } from './environment.ts'

/** What to run, and its bounds in milliseconds. */
export interface ProcessOptions extends Invocation {
  readonly cwd: string
  /** How long it may neither write nor take anything. */
  readonly timeout: number
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeout: number
  /** Ends the script when the gateway cannot. */
  readonly watchdog: GroupsWatchdog
}

/** Who hears of a script. */
export interface ScriptListener {
  /** It wrote; false: not so fast, `resume` goes on. */
  output(bytes: Uint8Array): boolean
  errorLine(line: string): void
  /** True while the client has to send more of the request body. */
  waitsForClient(): boolean
  /** It has been silent for `timeout`. */
  late(): void
  /** The process is over, or could not be started, and its output is complete. Called once. */
  exited(exit: Exit): void
  /** It closed its output, and does not seem to end. */
  outputClosed(): void
  /** It is over, but something that it started holds its output and is silent. */
  outputHeld(): void
}

/** As many as the end of a traceback has; more is in the log above. */
const LAST_LINES = 25
/** How long the output of a process that is over may still come: somebody else may hold its pipes. */
const OUTPUT_GRACE = 500
/** How long the exit of a process that closed its output is waited for before the response is taken as complete. */
const EXIT_GRACE = 200

/** A process of a script. */
export class ScriptProcess {
  readonly pid: number | undefined
  readonly #child: ChildProcess
  readonly #listener: ScriptListener
  readonly #options: ProcessOptions
  readonly #tail = new Tail(LAST_LINES)
  readonly #lines: Lines
  readonly #upload: Upload
  /** The client is slow. */
  #paused = false
  #exit: Exit | undefined
  #outputEnded = false
  #stopped = false
  #over = false
  #silence: NodeJS.Timeout | undefined
  #killer: NodeJS.Timeout | undefined
  #grace: NodeJS.Timeout | undefined

  constructor(options: ProcessOptions, upload: Upload, listener: ScriptListener) {
    this.#options = options
    this.#listener = listener
    this.#upload = upload
    this.#lines = new Lines((line) => {
      this.#tail.add(line)
      listener.errorLine(line)
    })
    const { file, args, cwd, env } = options
    const input = upload.length === 0 ? 'ignore' : 'pipe'
    const child = startChild(file, args, { cwd, env, stdio: [input, 'pipe', 'pipe'], ...rootOptions() })
    this.#child = child
    this.pid = child.pid
    child.once('error', (error) => {
      if (this.pid === undefined) this.#end({ code: null, signal: null, error, lastLines: undefined })
    })
    if (this.pid === undefined) return
    options.watchdog.add(this.pid)
    child.once('exit', (code, signal) => this.#exited(code, signal)).once('close', () => this.#closed())
    child.stdout!.on('data', (bytes: Buffer) => this.#output(bytes)).once('end', () => this.#ended())
    child.stderr!.on('data', (bytes: Buffer) => this.#lines.push(bytes)).once('end', () => this.#lines.end())
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {})
    this.#alive()
    if (child.stdin) void this.#feed()
  }

  /** Its output may come again. */
  resume(): void {
    if (this.#over || !this.#paused) return
    this.#paused = false
    this.#child.stdout?.resume()
    this.#alive()
  }

  /** Ends it and everything it started: SIGTERM, after `stopTimeout` by force, which is at once on Windows. What it still writes is thrown away. */
  stop(): void {
    if (this.#stopped || this.#over) return
    this.#stopped = true
    this.#paused = false
    this.#rest()
    this.#child.stdin?.destroy()
    this.#child.stdout?.resume()
    const child = this.#child
    if (askTree(child)) this.#killer = setTimeout(() => killTree(child), this.#options.stopTimeout)
    else killTree(child)
  }

  /** Passes the body on; exactly as much as was announced: the door has seen to it. */
  async #feed(): Promise<void> {
    const stdin = this.#child.stdin!
    const upload = this.#upload
    let room = (): void => {}
    stdin.on('drain', () => room()).on('close', () => room())
    try {
      for (let chunk = await upload.read(); chunk !== null; chunk = await upload.read()) {
        this.#alive()
        // A script need not read its input (RFC 3875 4.2).
        if (!stdin.writable) return
        if (!stdin.write(chunk)) await new Promise<void>((resolve) => (room = resolve))
      }
      stdin.end()
    } catch {
      // The client is gone: the exchange is aborted, and the script stopped.
    }
  }

  #output(bytes: Buffer): void {
    if (this.#stopped) return
    this.#alive()
    if (this.#listener.output(bytes)) return
    this.#child.stdout!.pause()
    // Now it is the client who makes it wait.
    this.#paused = true
    this.#rest()
    clearTimeout(this.#grace)
  }

  /** Something went in or out: the time limit begins anew. */
  #alive(): void {
    if (this.#stopped || this.#over || this.#paused) return
    if (this.#exit) return this.#awaitOutput()
    if (this.#silence) this.#silence.refresh()
    else this.#silence = setTimeout(() => this.#late(), this.#options.timeout)
  }

  #rest(): void {
    clearTimeout(this.#silence)
    this.#silence = undefined
  }

  #late(): void {
    this.#silence = undefined
    // It has taken all that came of its body: this is the client's time, which the door bounds.
    if (this.#listener.waitsForClient()) this.#alive()
    else this.#listener.late()
  }

  #ended(): void {
    this.#outputEnded = true
    if (!this.#exit && !this.#stopped) this.#grace = setTimeout(() => this.#listener.outputClosed(), EXIT_GRACE)
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exit = { code, signal, error: undefined, lastLines: undefined }
    this.#rest()
    clearTimeout(this.#killer)
    // Those of its group that did not care for SIGTERM.
    if (this.#stopped) killTree(this.#child)
    this.#options.watchdog.remove(this.pid!)
    this.#child.stdin?.destroy()
    this.#awaitOutput()
  }

  /** Its output ends now, unless something that it started holds it. */
  #awaitOutput(): void {
    clearTimeout(this.#grace)
    if (this.#paused) return
    this.#grace = setTimeout(() => {
      if (!this.#outputEnded && !this.#stopped) this.#listener.outputHeld()
      this.#closed()
    }, OUTPUT_GRACE)
  }

  #closed(): void {
    this.#lines.end()
    this.#end({ ...this.#exit!, lastLines: this.#tail.text })
  }

  #end(exit: Exit): void {
    if (this.#over) return
    this.#over = true
    this.#rest()
    clearTimeout(this.#killer)
    clearTimeout(this.#grace)
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy()
    this.#listener.exited(exit)
  }
}
