// FastCGI's server codec. Several requests may be in flight on a connection, told apart by their ids: of the hosts only HAProxy
// does that (`option mpxs-conns`). To answer FCGI_MPXS_CONNS=0 would not keep it from it: it asks only with `option get-values`, then
// sends what is waiting before it has the answer, and a request that is turned away hangs there until its time is up (HAProxy 2.6).
// All state is by request id, every record is whole before another one begins, and so interleaved streams cannot touch each other.
//
// FastCGI has no flow control for one request: who stops reading one body stops the connection. What an app has not read yet is
// therefore kept apart for each request up to a bound, beyond which the connection waits, for a bounded time: listen/sharing.ts.
// Without KEEP_CONN the connection ends with its first response, so that such a request shares its connection with no other.
//
// A record that may not come at its place ends the connection: HAProxy has once let clients write records. Records of a request
// that is over are skipped (FastCGI 1.0, 3.3), so that an answer may overtake the end of its STDIN.
//
// The end of the body is the empty STDIN; a CONTENT_LENGTH that says something else is an error. Without CONTENT_LENGTH the
// `request` event waits for the first STDIN record: when that is the empty one there is no body, and `length` is 0. Every host
// sends it behind PARAMS or as soon as there are bytes, and so the events depend on the bytes alone, not on where they were cut.
//
// Keeps: PARAMS while it is incomplete (PARAMS_MAX for one request, PENDING_MAX for all), GET_VALUES (VALUES_MAX), the ids of
// REQUESTS_MAX requests in flight and of IGNORED_MAX that are over.
import { PeerError } from '../errors.ts'
import { contentLength, type Variables } from '../variables.ts'
import { ById } from './by-id.ts'
import { asBuffer } from './bytes.ts'
import type { ProtocolOptions, ServerCodec, ServerEvent } from './codec.ts'
import { END_SIZE, endRequest, responseStart, writeFinish } from './fastcgi-answer.ts'
import type { Head } from './head.ts'
import { PairStream, writePairs } from './pairs.ts'
import { unknownRole } from './fastcgi-role.ts'
import * as records from './records.ts'
import { HEADER, RecordReader, type RecordSink } from './records.ts'

/** Four times what uwsgi and nginx can send in all (64 KB), so that it stops no real request, and a flood early. */
const PARAMS_MAX = 256 * 1024
/** Clients that send a record for every variable stay far below; bounds what headers and padding can cost. */
const PARAMS_RECORDS_MAX = 4096
/** The three names there are take 51 bytes as pairs; this leaves room for names that are not known. */
const VALUES_MAX = 1024
/** All requests of a connection whose variables are incomplete, together: hosts write those of one request in one piece. */
const PENDING_MAX = 2 * PARAMS_MAX
/** Requests in flight on a connection: more than anybody's `max-reqs`, as HAProxy knows of it only when it asks. */
const REQUESTS_MAX = 1024
/** Requests that are over and whose STDIN has not ended, which HAProxy never ends then: the oldest are forgotten. */
const IGNORED_MAX = 2 * REQUESTS_MAX
/** The answers to GET_VALUES. Connections are bounded by the system; HAProxy takes FCGI_MAX_REQS for those of one connection. */
const VALUES: Readonly<Record<string, string>> = {
  FCGI_MAX_CONNS: '1024',
  FCGI_MAX_REQS: String(REQUESTS_MAX),
  FCGI_MPXS_CONNS: '1',
}
/** Those of a process that its host has for itself. */
const VALUES_ALONE: typeof VALUES = { FCGI_MAX_CONNS: '1', FCGI_MAX_REQS: '1', FCGI_MPXS_CONNS: '0' }

const NOTHING: Uint8Array = new Uint8Array(0)

/** `params`: variables arrive; `held`: without a length, waits for the first STDIN; `stdin`: body arrives; `done`: all is here. */
type Phase = 'params' | 'held' | 'stdin' | 'done'

/** A request in flight on a connection. */
class Request {
  readonly id: number
  readonly keep: boolean
  readonly params: PairStream = new PairStream(PARAMS_MAX)
  phase: Phase = 'params'
  /** Records of PARAMS. */
  records = 0
  variables: Variables | undefined
  length: number | undefined
  received = 0
  /** mod_fcgid puts an empty STDIN before the body of an HTTP/2 request: with a length announced, the first is no end. */
  falseEnd = false
  answering = false

  constructor(id: number, keep: boolean) {
    this.id = id
    this.keep = keep
  }
}

/** The server's side of a FastCGI connection. */
export class FastcgiServer implements ServerCodec, RecordSink {
  // Records all the way: a host takes a 101 for an ordinary response.
  readonly tunnels = false
  readonly multiplexes: boolean
  readonly #reader = new RecordReader(this, 400)
  readonly #raw: boolean
  readonly #alone: boolean
  readonly cut?: (id: number) => Uint8Array
  readonly #requests = new ById<Request>()
  readonly #ignored = new Set<number>()
  #events: ServerEvent[] = []
  /** It was said that the host asks for a role that is not served. */
  #roleTold = false
  #dead = false
  /** KEEP_CONN of the last request. */
  #keep = false
  /** Bytes of PARAMS of requests whose variables are incomplete. */
  #pending = 0
  /** Requests whose heads are not complete. */
  #incomplete = 0
  // The record that is being read: its request, and where its content goes when that is not to be skipped.
  #type = 0
  #id = 0
  #request: Request | undefined
  #into: PairStream | 'begin' | 'body' | undefined
  readonly #begin = Buffer.alloc(8)
  #begun = 0

  constructor({ raw = false, brokenEnd = false, alone = false }: ProtocolOptions = {}) {
    this.#raw = raw
    this.#alone = alone
    this.multiplexes = !alone
    // A record of no version: an error to who reads on, wherever it stands.
    if (brokenEnd) this.cut = (id) => Uint8Array.of(0, records.STDOUT, id >> 8, id & 255, 0, 0, 0, 0)
  }

  receive(bytes: Uint8Array): ServerEvent[] {
    if (this.#dead) throw new PeerError('CODEC_DEAD', 'this connection has broken the protocol before')
    this.#events = []
    try {
      this.#reader.read(asBuffer(bytes))
    } catch (error) {
      this.#dead = true
      throw error
    }
    // Not kept: thousands of tiny records would stay alive with their events until the next bytes.
    const events = this.#events
    this.#events = []
    return events
  }

  get unfinished(): boolean {
    return this.#ignored.size > 0
  }

  get begun(): number | undefined {
    if (this.#incomplete === 0) return undefined
    for (const request of this.#requests.values()) if (isIncomplete(request)) return request.id
    return undefined
  }

  get between(): boolean {
    return this.#reader.idle && this.#requests.size === 0 && this.#ignored.size === 0 && !this.#dead
  }

  receiveEnd(): void {
    if (this.#dead) return
    this.#dead = true
    for (const { phase, received, length } of this.#requests.values()) {
      if (phase === 'done') continue
      if (phase === 'params')
        throw new PeerError('FASTCGI_CUT', 'the connection ended inside the variables of a request')
      const of = length === undefined ? '' : ` of ${length}`
      throw new PeerError('BODY_CUT', `the connection ended after ${received}${of} bytes of the request body`)
    }
    if (!this.#reader.idle && !this.#ignored.has(this.#id)) {
      throw new PeerError('FASTCGI_CUT', 'the connection ended inside a FastCGI record')
    }
  }

  start(id: number, head: Head, chunk: Uint8Array | undefined, last: boolean): Uint8Array {
    const request = this.#requests.get(id)
    if (!request) return NOTHING
    request.answering = true
    if (last) this.#over(request)
    return responseStart(id, head, chunk ?? NOTHING, last)
  }

  data(id: number, chunk: Uint8Array): Uint8Array[] {
    return this.#requests.has(id) ? records.streamPieces(records.STDOUT, id, chunk) : []
  }

  finish(id: number): Uint8Array | undefined {
    const request = this.#requests.get(id)
    if (!request) return undefined
    this.#over(request)
    const out = Buffer.allocUnsafe(HEADER + END_SIZE)
    writeFinish(out, 0, id)
    return out
  }

  demand(): undefined {}

  keepsOpen(id: number): boolean {
    return this.#requests.get(id)?.keep ?? this.#keep
  }

  refuse(head: Head, chunk: Uint8Array): Uint8Array | undefined {
    const request = this.#request
    if (!request || request.answering || this.#requests.get(request.id) !== request) return undefined
    return responseStart(request.id, head, chunk, true)
  }

  open(type: number, id: number, length: number): void {
    this.#type = type
    this.#id = id
    this.#into = undefined
    this.#request = this.#requests.get(id)
    if (id === 0) this.#openManagement(type, length)
    else if (type === records.BEGIN_REQUEST) this.#openBegin(length)
    else if (this.#request) this.#openStream(this.#request, type, length)
    else if (!this.#mayIgnore(type, id)) throw this.#misplaced()
  }

  content(bytes: Buffer, start: number, end: number): void {
    const into = this.#into
    if (into === 'body') {
      this.#events.push({ type: 'body', id: this.#id, bytes: bytes.subarray(start, end) })
    } else if (into === 'begin') {
      this.#begun += bytes.copy(this.#begin, this.#begun, start, end)
    } else into?.add(bytes, start, end)
  }

  close(): void {
    if (this.#into === 'begin') this.#beginRequest()
    else if (this.#type === records.ABORT_REQUEST) this.#abortRequest()
    else if (this.#id === 0) this.#answerManagement()
  }

  #openManagement(type: number, length: number): void {
    if (type === records.GET_VALUES) {
      if (length > VALUES_MAX) throw new PeerError('FASTCGI_PARAMS', `GET_VALUES of ${length} bytes`)
      this.#into = new PairStream(VALUES_MAX)
    } else if (type >= records.BEGIN_REQUEST && type <= records.UNKNOWN_TYPE) throw this.#misplaced()
  }

  /** Streams of a request that is over; and ABORT_REQUEST, which may cross its END_REQUEST. */
  #mayIgnore(type: number, id: number): boolean {
    if (type === records.ABORT_REQUEST) return true
    return this.#ignored.has(id) && (type === records.PARAMS || type === records.STDIN || type === records.DATA)
  }

  #openBegin(length: number): void {
    if (this.#request || length !== this.#begin.length) throw this.#misplaced()
    this.#ignored.delete(this.#id)
    this.#begun = 0
    this.#into = 'begin'
  }

  #openStream(request: Request, type: number, length: number): void {
    const { phase } = request
    if (type === records.PARAMS && phase === 'params') {
      if (length === 0) this.#paramsEnd(request)
      else if (!request.params.fits(length)) {
        throw new PeerError('FASTCGI_PARAMS', `the variables take more than ${PARAMS_MAX} bytes`, 431)
      } else if (++request.records > PARAMS_RECORDS_MAX) {
        throw new PeerError('FASTCGI_PARAMS', `the variables take more than ${PARAMS_RECORDS_MAX} records`, 431)
      } else if ((this.#pending += length) > PENDING_MAX) {
        const message = `the variables of all requests that have begun take more than ${PENDING_MAX} bytes`
        throw new PeerError('FASTCGI_PARAMS', message, 431)
      } else this.#into = request.params
    } else if (type === records.STDIN && (phase === 'held' || phase === 'stdin')) {
      this.#openStdin(request, length)
    } else if (type !== records.ABORT_REQUEST) throw this.#misplaced()
  }

  #paramsEnd(request: Request): void {
    this.#pending -= request.params.size
    request.variables = request.params.read(this.#raw)
    request.length = contentLength(request.variables)
    if (request.length === undefined) request.phase = 'held'
    else this.#deliver(request, request.length)
  }

  /** Gives the request, and its end too when there is no body. */
  #deliver(request: Request, length: number | undefined): void {
    request.phase = 'stdin'
    this.#incomplete--
    this.#events.push({ type: 'request', id: request.id, variables: request.variables!, length })
    if (length === 0) this.#events.push({ type: 'end', id: request.id })
  }

  #openStdin(request: Request, length: number): void {
    const { length: announced } = request
    if (length === 0 && request.received === 0 && announced && !request.falseEnd) {
      request.falseEnd = true
      return
    }
    request.received += length
    if (announced !== undefined && (length === 0 ? request.received < announced : request.received > announced)) {
      const what = length === 0 ? `ends after ${request.received} bytes` : 'is longer'
      throw new PeerError('BODY_LENGTH', `CONTENT_LENGTH is ${announced}, and STDIN ${what}`)
    }
    if (request.phase === 'held') this.#deliver(request, length === 0 ? 0 : undefined)
    else if (length === 0 && announced !== 0) this.#events.push({ type: 'end', id: request.id })
    if (length === 0) request.phase = 'done'
    else this.#into = 'body'
  }

  #beginRequest(): void {
    const keep = this.#alone || (this.#begin[2]! & records.KEEP_CONN) !== 0
    const { size } = this.#requests
    const most = this.#alone ? 1 : REQUESTS_MAX
    if (size >= most || (size > 0 && !(keep && this.#keep))) return this.#turnAway(records.CANT_MPX_CONN, true)
    this.#keep = keep
    const role = this.#begin.readUInt16BE(0)
    if (role !== records.RESPONDER) {
      // A host that asks so once asks so always.
      const why = this.#roleTold ? undefined : unknownRole(role)
      this.#roleTold = true
      return this.#turnAway(records.UNKNOWN_ROLE, keep, why)
    }
    this.#request = new Request(this.#id, keep)
    this.#requests.set(this.#id, this.#request)
    this.#incomplete++
  }

  #turnAway(status: number, keep: boolean, why?: PeerError): void {
    this.#ignore(this.#id)
    const reply: ServerEvent = { type: 'reply', bytes: endRequest(this.#id, status), close: !keep }
    this.#events.push(why ? { ...reply, why } : reply)
  }

  #abortRequest(): void {
    const request = this.#request
    if (!request) return
    const { id, keep, phase, answering } = request
    const known = phase === 'stdin' || phase === 'done'
    this.#over(request)
    // The answer first: without KEEP_CONN the connection is closed on `abort`.
    const bytes = answering ? Buffer.allocUnsafe(HEADER + END_SIZE) : endRequest(id, records.COMPLETE)
    if (answering) writeFinish(bytes, 0, id)
    this.#events.push({ type: 'reply', bytes, close: !keep && !known })
    if (known) this.#events.push({ type: 'abort', id })
  }

  #answerManagement(): void {
    if (this.#into instanceof PairStream) {
      const asked = this.#into.read()
      const known = Object.fromEntries(
        Object.entries(this.#alone ? VALUES_ALONE : VALUES).filter(([name]) => name in asked),
      )
      const content = Buffer.from(writePairs(known), 'latin1')
      const out = Buffer.allocUnsafe(Math.max(HEADER, records.recordsSize(content.length)))
      if (content.length > 0) records.writeRecords(out, 0, records.GET_VALUES_RESULT, 0, content)
      else records.writeHeader(out, 0, records.GET_VALUES_RESULT, 0, 0)
      this.#events.push({ type: 'reply', bytes: out })
    } else {
      const out = Buffer.alloc(HEADER + 8)
      out[records.writeHeader(out, 0, records.UNKNOWN_TYPE, 0, 8)] = this.#type
      this.#events.push({ type: 'reply', bytes: out })
    }
  }

  #over(request: Request): void {
    if (request.phase === 'params') this.#pending -= request.params.size
    if (isIncomplete(request)) this.#incomplete--
    this.#requests.delete(request.id)
    if (request.phase !== 'done') this.#ignore(request.id)
  }

  #ignore(id: number): void {
    this.#ignored.add(id)
    if (this.#ignored.size > IGNORED_MAX) this.#ignored.delete(this.#ignored.values().next().value!)
  }

  #misplaced(): PeerError {
    const during = this.#request ? `: its request is at "${this.#request.phase}"` : ''
    return new PeerError(
      'FASTCGI_RECORD',
      `a FastCGI record of type ${this.#type}, id ${this.#id}, is out of place${during}`,
    )
  }
}

function isIncomplete({ phase }: Request): boolean {
  return phase === 'params' || phase === 'held'
}
