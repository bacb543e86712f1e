// What this process has to say beside responses: records for the gateway's log, and what an app prints, with the request that it was printed for.
import { AsyncLocalStorage } from 'node:async_hooks'
import { shortened } from '../frames/failure.ts'
import type { FrameOutput } from '../frames/output.ts'
import { Log, type LogFields, type LogLevel } from '../log.ts'
import { FRAME } from '../wire/frames.ts'
import { CURRENT_REQUEST } from './current-request.ts'
import { RequestText } from './request-text.ts'

type Name = 'stdout' | 'stderr'

/** Bytes that may wait to be sent when more is printed: an app that prints in one turn of the event loop gives no time to send them. */
const WAITING_MAX = 4 * 1024 * 1024

/** The request that is being answered, wherever its code goes on. */
export class Speaker {
  readonly request: string
  /** What it has printed last. */
  readonly texts: Partial<Record<Name, RequestText>> = {}

  constructor(request: string) {
    this.request = request
  }

  /** It is over: what has no line end will get none. */
  end(): void {
    this.texts.stdout?.flush()
    this.texts.stderr?.flush()
  }
}

/** Reports to the gateway. */
export class Reports {
  readonly log: Log
  readonly #output: FrameOutput
  readonly #speakers = new AsyncLocalStorage<Speaker>()
  /** Lines that were left out in this turn. */
  #left = 0

  constructor(output: FrameOutput) {
    this.#output = output
    this.log = new Log('json', { write: () => {} }, { write: (line) => this.#record(line) })
  }

  /** Runs what answers a request: what it prints is known by it. */
  during(speaker: Speaker, run: () => void): void {
    this.#speakers.run(speaker, run)
  }

  /** The id of the request that the code runs for which calls this. */
  get request(): string | undefined {
    return this.#speakers.getStore()?.request
  }

  /** From now on what is printed while a request is answered is reported with that request; all else goes where it went. */
  capture(): void {
    Object.defineProperty(globalThis, Symbol.for(CURRENT_REQUEST), { value: () => this.request })
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = process[name]
      const write = stream.write.bind(stream) as (...parts: unknown[]) => boolean
      stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
        const speaker = this.#speakers.getStore()
        if (!speaker) return write(chunk, encoding, done)
        this.#textOf(speaker, name).write(
          chunk,
          typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined,
        )
        const callback = typeof encoding === 'function' ? encoding : done
        if (typeof callback === 'function') process.nextTick(callback as () => void)
        return true
      }) as typeof stream.write
    }
  }

  #textOf({ request, texts }: Speaker, stream: Name): RequestText {
    return (texts[stream] ??= new RequestText((text) => {
      if (this.#output.waiting > WAITING_MAX) this.#leaveOut(text, request)
      else this.#send({ stream, text, request })
    }))
  }

  #leaveOut(text: string, request: string): void {
    if (this.#left === 0) setImmediate(() => this.#tellLeft(request))
    this.#left += text.split('\n').length
  }

  #tellLeft(request: string): void {
    const message = `${this.#left} lines that the app printed were left out: it printed faster than they can be read`
    this.#left = 0
    this.log.warn(message, { code: 'OUTPUT_CUT', request })
  }

  #record(line: string): void {
    const { level, message, ...fields } = JSON.parse(line) as {
      level: LogLevel
      message: string
      time?: string
    } & LogFields
    delete fields.time
    if (fields.detail) fields.detail = shortened(fields.detail)
    this.#send({ level, message: shortened(message), fields })
  }

  /** At once: what is printed by an app that hangs is what tells where. */
  #send(said: object): void {
    this.#output.bytes(FRAME.report, 0, Buffer.from(JSON.stringify(said)))
    this.#output.flush()
  }
}
