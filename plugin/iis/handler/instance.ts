// One FastCGI instance: its pipe joined to a connection to Sidegate, which is made when a request comes and kept for the next. When that is
// gone, the request in hand is answered with 502 here, and the next one makes another. A response that has begun cannot be put right any
// more: the pipe ends, so that the client is not given a part for the whole, and the web server starts another instance.
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { errorResponse, toSidegateError, UpstreamError, type SidegateError } from '../../../sidecar/errors.ts'
import type { Log } from '../../../sidecar/log.ts'
import { responseStart } from '../../../sidecar/wire/fastcgi-answer.ts'
import type { InHand } from './in-hand.ts'
import { Requests } from './requests.ts'
import { Responses } from './responses.ts'

/** Makes a connection to Sidegate. @throws {SidegateError} what the request that waits for it is answered with */
export type Connect = () => Promise<Socket>

/** Bytes of a request that may wait for a connection; beyond them the pipe is not read. */
const WAITING_MAX = 256 * 1024
/** How long a connection is kept without a request, in milliseconds: less than Sidegate does (75 s), so that no request meets a closing door. */
const IDLE_MS = 60_000

export class Instance {
  /** Resolves with the exit code once the pipe has ended, or has to end. */
  readonly ended: Promise<0 | 1>
  readonly #web: Duplex
  readonly #connect: Connect
  readonly #log: Log
  readonly #requests = new Requests()
  #over: (code: 0 | 1) => void = () => {}
  #closed = false
  #gate: Socket | undefined
  #responses = new Responses(this.#requests)
  #connecting = false
  #waiting: Uint8Array[] = []
  #failures = 0

  /** @param web the web server's end: opened, and not read yet */
  constructor(web: Duplex, connect: Connect, log: Log) {
    this.#web = web
    this.#connect = connect
    this.#log = log
    this.ended = new Promise((resolve) => (this.#over = resolve))
    web.on('data', (bytes: Buffer) => this.#fromWeb(bytes))
    web.on('end', () => this.#end(0))
    web.on('close', () => this.#end(0))
    web.on('error', ({ message }: Error) => {
      if (!this.#closed) this.#log.info(`the pipe of the web server broke: ${message}`)
      this.#end(0)
    })
  }

  #fromWeb(bytes: Buffer): void {
    let sorted
    try {
      sorted = this.#requests.take(bytes)
    } catch (error) {
      const { code, message } = toSidegateError(error)
      this.#log.error(`standard input is not what a web server sends by FastCGI: ${message}`, { code })
      return this.#end(1)
    }
    for (const piece of sorted.back) this.#web.write(piece)
    if (sorted.onward.length === 0) return
    if (this.#gate) return this.#onward(this.#gate, sorted.onward)
    this.#waiting.push(...sorted.onward)
    if (this.#waiting.reduce((sum, { byteLength }) => sum + byteLength, 0) > WAITING_MAX) this.#web.pause()
    if (!this.#connecting) this.#join()
  }

  #onward(gate: Socket, pieces: readonly Uint8Array[]): void {
    gate.cork()
    let room = true
    for (const piece of pieces) room = gate.write(piece)
    gate.uncork()
    if (room || this.#web.isPaused()) return
    this.#web.pause()
    gate.once('drain', () => this.#web.resume())
  }

  #join(): void {
    this.#connecting = true
    this.#connect().then(
      (gate) => this.#joined(gate),
      (error: unknown) => {
        this.#connecting = false
        this.#fail(toSidegateError(error))
      },
    )
  }

  #joined(gate: Socket): void {
    this.#connecting = false
    if (this.#closed) return void gate.destroy()
    this.#gate = gate
    this.#responses = new Responses(this.#requests)
    gate.on('data', (bytes: Buffer) => this.#fromGate(gate, bytes))
    gate.on('error', (error) => this.#lost(gate, error))
    gate.on('end', () => this.#lost(gate, undefined))
    gate.on('close', () => this.#lost(gate, undefined))
    gate.setTimeout(IDLE_MS, () => {
      if (this.#requests.inHand.length === 0) this.#lost(gate, undefined)
    })
    const waiting = this.#waiting
    this.#waiting = []
    this.#web.resume()
    this.#onward(gate, waiting)
  }

  #fromGate(gate: Socket, bytes: Buffer): void {
    // What may still come after an end.
    if (gate !== this.#gate) return
    try {
      this.#responses.look(bytes)
    } catch (error) {
      return this.#lost(gate, error as Error)
    }
    if (this.#web.write(bytes) || gate.isPaused()) return
    gate.pause()
    this.#web.once('drain', () => gate.resume())
  }

  #lost(gate: Socket, error: Error | undefined): void {
    gate.destroy()
    if (gate !== this.#gate) return
    this.#gate = undefined
    const why = error ? `: ${error.message}` : ''
    this.#fail(new UpstreamError('IIS_GATEWAY_LOST', `Sidegate closed the connection of a request${why}`))
  }

  /** Answers what is in hand with an error; where that cannot be, ends. */
  #fail(error: SidegateError): void {
    this.#waiting = []
    const failed = this.#requests.lost()
    if (this.#closed) return
    if (failed.some(({ answering }) => answering) || !this.#responses.idle) {
      this.#tell(
        error,
        failed.at(-1),
        ', in the middle of the response: the pipe is closed, so that the client can tell',
      )
      return this.#end(1)
    }
    this.#responses = new Responses(this.#requests)
    for (const request of failed) this.#answer(request, error)
    this.#web.resume()
  }

  #answer(request: InHand, error: SidegateError): void {
    const id = `${process.pid}-${++this.#failures}`
    const { status, reason, headers, body } = errorResponse(error, id)
    const bytes = Buffer.from(request.named.method === 'HEAD' ? '' : body)
    // Told first: who has the answer finds it in the log.
    if (!request.aborted) this.#tell(error, request, '', id)
    this.#web.write(responseStart(request.id, { status, reason, headers }, bytes, true))
  }

  #tell({ code, message, cause }: SidegateError, request: InHand | undefined, more: string, id?: string): void {
    const detail = cause instanceof Error ? cause.message : undefined
    this.#log.error(`${message}${more}`, { code, request: id, ...request?.named, detail })
  }

  #end(code: 0 | 1): void {
    if (this.#closed) return
    this.#closed = true
    this.#gate?.destroy()
    this.#web.destroy()
    this.#over(code)
  }
}
