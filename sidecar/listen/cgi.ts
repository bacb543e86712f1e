// The CGI door (RFC 3875): the one request that this process was started for, from its environment and standard input, answered on
// standard output. Afterwards the process ends.
import { readFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { pulledBody, type RequestBody } from '../body.ts'
import { PeerError, type SidegateError } from '../errors.ts'
import type { Carrier } from '../carrier.ts'
import { Exchange, type ExchangeObserver } from '../exchange.ts'
import { contentLength, emptyVariables, type Variables } from '../variables.ts'
import { TOKEN } from '../token.ts'
import { statusFieldHead, type Head } from '../wire/head.ts'
import { isDropped, refuse } from '../refused.ts'
import { prepared, type Reception, type Repair } from './door.ts'

/** What a process has of its own: no host says anything of a request by these. */
const OF_THE_PROCESS =
  /^(?:_|PATH|PWD|OLDPWD|SHLVL|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|TZ|LANG|LANGUAGE|(?:LC|LD|DYLD|NODE|npm)_.*)$/

/**
 * The variables of a request that a host put into an environment; bytes as they are where the system shows them, else as UTF-8.
 * @throws {PeerError} VARIABLE_NAME, UWSGI_VARIABLE
 */
export function cgiVariables(environment: Readonly<Record<string, string | undefined>>): Variables {
  const variables = emptyVariables()
  for (const [name, value] of pairs(environment)) {
    // Windows has a ProgramFiles(x86), which is the process's too.
    if (OF_THE_PROCESS.test(name) || (!name.startsWith('HTTP_') && !TOKEN.test(name))) continue
    refuse(name)
    if (!isDropped(name)) variables[name] = value
  }
  return variables
}

/** Names and values, latin-1. Node.js decodes its environment as UTF-8, which loses other bytes; Linux shows it raw. */
function pairs(environment: Readonly<Record<string, string | undefined>>): [string, string][] {
  if (environment === process.env) {
    try {
      return readFileSync('/proc/self/environ', 'latin1')
        .split('\0')
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
    } catch {
      // Not Linux.
    }
  }
  return Object.entries(environment)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Buffer.from(value!).toString('latin1')])
}

/** Where the request comes from and goes to. */
export interface CgiStreams {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: Writable
}

/** Serves one request. */
export class CgiDoor implements Carrier, ExchangeObserver {
  readonly #stdout: Writable
  readonly #reception: Reception
  readonly #over = Promise.withResolvers<boolean>()
  #exchange: Exchange | undefined
  #complete = false

  constructor({ stdout }: CgiStreams, reception: Reception) {
    this.#stdout = stdout
    this.#reception = reception
    stdout.on('drain', () => this.#exchange?.notifyDrain())
    for (const event of ['error', 'close']) stdout.on(event, () => this.abort('the host closed the output'))
  }

  /** @returns true when the response went out whole. @throws {PeerError} for variables that are refused */
  serve({ environment, stdin }: CgiStreams, repair?: Repair): Promise<boolean> {
    const given = cgiVariables(environment)
    const body = bodyOf(given, stdin)
    const variables = prepared(given, repair, this.#reception)
    const door = { protocol: 'cgi', address: 'cgi', once: true }
    this.#exchange = new Exchange(this, this, door, variables, body)
    this.#reception.handle(this.#exchange)
    return this.#over.promise
  }

  /** The request is over, whatever the app does. */
  abort(why: string): void {
    this.#exchange?.abort(new PeerError('CLIENT_GONE', why, 499))
  }

  start(head: Head, chunk: Uint8Array | undefined, last: boolean): boolean {
    const text = Buffer.from(statusFieldHead(head), 'latin1')
    const room = this.#stdout.write(chunk ? Buffer.concat([text, chunk]) : text)
    if (last) this.#complete = true
    return room
  }

  write(chunk: Uint8Array): boolean {
    // A copy: an app may use its memory again, and a stream keeps what it could not write yet.
    return this.#stdout.write(Uint8Array.from(chunk))
  }

  finish(): void {
    this.#complete = true
  }

  /** Nothing but the exit code can say that a response is not whole. */
  cut(): void {}

  failed(exchange: Exchange, error: SidegateError): void {
    this.#reception.failed(exchange, error)
  }

  done(exchange: Exchange): void {
    this.#reception.done(exchange)
    if (this.#complete) this.#stdout.write('', () => this.#over.resolve(true))
    else this.#over.resolve(false)
  }

  redispatch(exchange: Exchange, variables: Variables): boolean {
    return this.#reception.redispatch?.(exchange, variables) ?? false
  }
}

/** 4.2: no more than CONTENT_LENGTH bytes are read; without one and with chunks, as Apache has it, up to the end. */
function bodyOf(variables: Variables, stdin: AsyncIterable<Uint8Array>): RequestBody {
  const length =
    contentLength(variables) ?? (/\bchunked\b/i.test(variables.HTTP_TRANSFER_ENCODING ?? '') ? undefined : 0)
  const iterator = stdin[Symbol.asyncIterator]()
  let left = length ?? Infinity
  return pulledBody(length, async () => {
    const { done, value } = await next(iterator)
    if (done) {
      if (length === undefined) return null
      throw new PeerError('BODY_CUT', `standard input ended ${left} bytes before the end of the request body`)
    }
    const bytes = value.subarray(0, left)
    left -= bytes.byteLength
    return bytes
  })
}

/** @throws {PeerError} BODY_CUT */
async function next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await iterator.next()
  } catch (error) {
    throw new PeerError('BODY_CUT', 'the request body could not be read', 400, { cause: error })
  }
}
