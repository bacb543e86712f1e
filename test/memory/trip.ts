// One request that takes a large body to the app of app.ts and another one back, by any protocol: a client codec of wire/ over a socket,
// which counts what comes and keeps nothing. It knows nothing of the server but its port.
import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { emptyVariables, type Variables } from '../../sidecar/variables.ts'
import type { ClientCodec, ClientEvent } from '../../sidecar/wire/codec.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'

/** Every protocol a body can go by. */
export const tripProtocols: readonly string[] = ['uwsgi', 'http', 'fastcgi', 'scgi', 'ajp']

/** What came of it. */
export interface Trip {
  readonly status: number
  /** Bytes of the response body. */
  readonly received: number
  /** Seconds from the first byte of the request to the head of the response, which the app gives when it has the whole body. */
  readonly up: number
  /** Seconds from there to the end. */
  readonly down: number
}

/** A server that is silent for so long is stuck. */
const SILENCE_MS = 30_000
const BLOCK = Buffer.alloc(1024 * 1024, 'x')

/**
 * Sends `size` bytes to 127.0.0.1, and takes the response.
 * @throws {Error} when the server breaks the protocol, closes early or is silent for 30 s.
 */
export async function roundTrip(protocol: string, port: number, size: number): Promise<Trip> {
  const socket = connect(port, '127.0.0.1')
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`${protocol}: silent for ${SILENCE_MS / 1000} s`)))
  await once(socket, 'connect')
  const trip = new Journey(socket, codecOf(protocol))
  try {
    return await trip.make(protocol, size)
  } finally {
    socket.destroy()
  }
}

/** A response by HTTP ends as one by uwsgi does: with the connection. */
function codecOf(protocol: string): ClientCodec {
  if (protocol === 'http') return uwsgi.client()
  return protocols.find(({ name }) => name === protocol)!.client()
}

class Journey {
  readonly #socket: Socket
  readonly #codec: ClientCodec
  readonly #over = Promise.withResolvers<void>()
  /** AJP: the server asks for the body, and what it did not ask for waits in the codec. */
  readonly #taken = new EventEmitter()
  #status = 0
  #received = 0
  #answered = 0

  constructor(socket: Socket, codec: ClientCodec) {
    this.#socket = socket
    this.#codec = codec
    socket.on('data', (bytes) => this.#guard(() => this.#take(codec.receive(bytes))))
    socket.on('end', () => this.#guard(() => this.#take(codec.receiveEnd())))
    socket.on('error', (error) => this.#over.reject(error))
    socket.on('close', () => this.#over.reject(new Error('the server closed the connection early')))
  }

  async make(protocol: string, size: number): Promise<Trip> {
    const began = performance.now()
    // One of both throws when it goes wrong; whichever is first says why.
    await Promise.race([this.#over.promise, this.#send(protocol, size)])
    await this.#over.promise
    const up = (this.#answered - began) / 1000
    const down = (performance.now() - this.#answered) / 1000
    return { status: this.#status, received: this.#received, up, down }
  }

  async #send(protocol: string, size: number): Promise<void> {
    const codec = this.#codec
    this.#socket.write(protocol === 'http' ? httpHead(size) : codec.request(variablesOf(size), size))
    for (let left = size; left > 0; left -= BLOCK.length) {
      let room = true
      for (const piece of codec.data(BLOCK.subarray(0, Math.min(left, BLOCK.length)))) room = this.#socket.write(piece)
      if (!room) await once(this.#socket, 'drain')
      while (codec.held > 0) await once(this.#taken, 'taken')
    }
    const end = codec.finish()
    if (end) this.#socket.write(end)
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#over.reject(error)
    }
  }

  #take(events: readonly ClientEvent[]): void {
    for (const event of events) {
      if (event.type === 'body') this.#received += event.bytes.byteLength
      else if (event.type === 'reply') this.#socket.write(event.bytes)
      else if (event.type === 'end') this.#over.resolve()
      else if (event.type === 'head') {
        this.#status = event.head.status
        this.#answered = performance.now()
      }
    }
    this.#taken.emit('taken')
  }
}

function httpHead(size: number): string {
  return `POST / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`
}

function variablesOf(size: number): Variables {
  return Object.assign(emptyVariables(), {
    REQUEST_METHOD: 'POST',
    REQUEST_URI: '/',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    CONTENT_LENGTH: String(size),
    CONTENT_TYPE: 'application/octet-stream',
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'example.com',
    SERVER_PORT: '80',
    REQUEST_SCHEME: 'http',
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_PORT: '1',
    HTTP_HOST: 'example.com',
  })
}
