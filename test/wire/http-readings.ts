// The same bytes for our HTTP codec and for node:http (llhttp), and what each makes of them.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { PeerError } from '../../sidecar/errors.ts'
import { requestVariables } from '../../sidecar/wire/http-variables.ts'
import { http } from '../../sidecar/wire/http.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { OK } from './converse.ts'
import { PEER } from './decode-http.ts'
import type { Cut } from './splits.ts'

/** A request as one of them read it: its variables in the order of the fields. */
export interface Read {
  readonly variables: [string, string][]
  body: string
  /** All of the body came. */
  complete: boolean
}

/** What was made of a connection. */
export interface Reading {
  readonly requests: Read[]
  /** Why no more is read; unset where the bytes end, or the connection does. */
  readonly refusal?: string | undefined
  /** The connection was not kept behind the last request, or asked to change its protocol by it. */
  readonly closed?: boolean
}

/** Of our codec, which answers each request at once. */
export function ours(bytes: Uint8Array, cut: Cut): Reading {
  const codec = http.server({ peer: PEER, raw: true })
  const requests: Read[] = []
  let open = true
  const take = (piece: Uint8Array): string | undefined => {
    for (const event of codec.receive(piece)) {
      if (event.type === 'request') {
        if (event.failure) return `${event.failure.code}: ${event.failure.message}`
        requests.push({ variables: Object.entries(event.variables), body: '', complete: false })
      } else if (event.type === 'body') requests.at(-1)!.body += Buffer.from(event.bytes).toString('latin1')
      else if (event.type === 'end') {
        requests.at(-1)!.complete = true
        codec.start(event.id, OK, undefined, true)
        open = codec.keepsOpen(event.id) && !upgrades(requests.at(-1)!)
      }
    }
    return undefined
  }
  try {
    for (const piece of cut(bytes)) {
      let refusal = take(piece)
      while (!refusal && open && codec.pending) refusal = take(Buffer.alloc(0))
      if (refusal) return { requests, refusal }
      if (!open) return { requests, closed: true }
    }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    return { requests, refusal: `${error.code}: ${error.message}` }
  }
  return { requests }
}

/**
 * What comes behind such a request may be of another protocol: the door takes no other request there, and llhttp throws away what came
 * in the same read.
 */
function upgrades({ variables }: Read): boolean {
  const { HTTP_UPGRADE: protocol, HTTP_CONNECTION: connection = '' } = Object.fromEntries(variables)
  return protocol !== undefined && /upgrade/i.test(connection)
}

/** A server of node:http, on a port of its own. */
export class NodeHttp {
  readonly #server: Server
  #requests: Read[] = []
  #refusal: string | undefined

  constructor() {
    // With the bounds of ours, or none.
    const server = createServer({
      maxHeaderSize: 128 * 1024,
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 0,
    })
    server.maxHeadersCount = 0
    const take: RequestListener = (request, response) => {
      const read: Read = { variables: [], body: '', complete: false }
      this.#requests.push(read)
      const { method = '', url = '', httpVersion, rawHeaders } = request
      read.variables.push(...variablesOf(method, url, `HTTP/${httpVersion}`, rawHeaders))
      // Where the parser puts them: a stream would lose what came before an error in the same read.
      const push = request.push.bind(request)
      request.push = (chunk: Buffer | null) => {
        if (chunk) read.body += chunk.toString('latin1')
        else {
          read.complete = true
          response.end()
        }
        return push(chunk)
      }
      request.on('error', () => {}).resume()
    }
    server.on('request', take).on('checkContinue', take).on('checkExpectation', take)
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#refusal = `${error.code}: ${error.message}`
      socket.destroy()
    })
    this.#server = server
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What it makes of a connection with these bytes. One at a time. */
  async read(bytes: Uint8Array): Promise<Reading> {
    this.#requests = []
    this.#refusal = undefined
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.end(bytes)
    if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
    return { requests: this.#requests, refusal: this.#refusal }
  }
}

/** As ours makes them; for a request that ours would turn away, none. */
function variablesOf(method: string, target: string, version: string, fields: string[]): [string, string][] {
  try {
    return Object.entries(
      requestVariables({ method, target, version, fields }, PEER, { raw: true }) satisfies Variables,
    )
  } catch (error) {
    if (error instanceof PeerError) return []
    throw error
  }
}
