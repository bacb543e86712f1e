// One request in undici's hands: what it calls becomes the calls of a passage, and the request body what it iterates.
import type { Dispatcher } from 'undici'
import { PeerError, SidegateError } from '../../errors.ts'
import type { HeaderPair } from '../../wire/head.ts'
import { badResponse, connectLate, ended, notConnected } from './failure.ts'
import type { Line, Passage } from './passage.ts'
import type { Upload } from './upload.ts'

type Body = Dispatcher.DispatchOptions['body']

/** undici's errors about a request that it would not send. */
const UNSENDABLE: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])
/** And about a head that is none. */
const BAD_HEAD: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/** A handler for one dispatch. */
export class HttpLine implements Line, Dispatcher.DispatchHandler {
  /** Set before the dispatch. */
  passage!: Passage
  readonly #name: string
  readonly #upload: Upload
  readonly #connectTime: number
  #controller: Dispatcher.DispatchController | undefined
  #stopped = false
  #complete = false

  /** `name`: the server; `connectTime`: the limit for connecting in milliseconds; both for messages. */
  constructor(name: string, upload: Upload, connectTime: number) {
    this.#name = name
    this.#upload = upload
    this.#connectTime = connectTime
  }

  /** The body as dispatch wants it. */
  get body(): Body {
    const { length, whole } = this.#upload
    if (length === 0) return null
    if (whole) return whole
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) } as unknown as Body
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  stop(): void {
    this.#stopped = true
    if (!this.#complete) this.#controller?.abort(new Error('not wanted any more'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#stopped) controller.abort(new Error('not wanted any more'))
  }

  onRequestSent(): void {
    this.passage.clock('firstByte')
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason: string | undefined,
  ): void {
    // RFC 9110 15.2: they are for this hop.
    if (status < 200) return
    this.passage.head(status, reason ?? '', pairs(controller.rawHeaders as Buffer[] | null | undefined))
    // When all that has arrived is taken, and there is no body with it, the head goes out alone.
    queueMicrotask(() => this.passage.flush())
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.passage.body(bytes, false)
  }

  onResponseEnd(): void {
    this.#complete = true
    this.passage.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#complete = true
    this.passage.fail(this.#failure(error))
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    if (this.passage.over) return Promise.resolve({ done: true, value: undefined })
    const chunk = this.#upload.readNow()
    if (chunk !== undefined) return Promise.resolve(this.#result(chunk))
    this.passage.clock('client')
    return this.#upload.read().then((arrived) => this.#result(arrived))
  }

  /** undici asks for the next piece when the server has taken this one. */
  #result(chunk: Uint8Array | null): IteratorResult<Uint8Array> {
    if (chunk === null) return { done: true, value: undefined }
    this.passage.clock('idle')
    return { done: false, value: chunk }
  }

  #failure(error: Error & { code?: string }): SidegateError {
    const { code = '' } = error
    // What the upload threw: the client is at fault.
    if (error instanceof SidegateError) return error
    if (UNSENDABLE.has(code)) {
      return new PeerError('UPSTREAM_REQUEST', `the request cannot be passed on in HTTP: ${error.message}`)
    }
    if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
      return new PeerError('BODY_LENGTH', 'the body is not as long as its CONTENT_LENGTH')
    }
    if (code === 'UND_ERR_CONNECT_TIMEOUT') return connectLate(this.#name, this.#connectTime)
    if (!this.#controller) return notConnected(this.#name, error)
    const { begun } = this.passage
    // The parser's errors have no code.
    if (error.name === 'HTTPParserError' || (!begun && BAD_HEAD.has(code)))
      return badResponse(this.#name, error.message)
    return ended(this.#name, begun, error)
  }
}

function pairs(raw: readonly Buffer[] | null | undefined): HeaderPair[] {
  const headers: HeaderPair[] = []
  if (!raw) return headers
  for (let index = 0; index + 1 < raw.length; index += 2) {
    headers.push([raw[index]!.toString('latin1'), raw[index + 1]!.toString('latin1')])
  }
  return headers
}
