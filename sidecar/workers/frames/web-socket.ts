// A WebSocket of an app in a worker that has its messages only: `ws` speaks RFC 6455 to the client here, and what goes to the worker and comes
// from it are messages, each way at the speed of who takes them.
import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Exchange } from '../../exchange.ts'
import type { FrameOutput } from '../../frames/output.ts'
import { UpgradeSocket } from '../../handlers/node/upgrade-socket.ts'
import { FRAME, MESSAGE } from '../../wire/frames.ts'
import type { Head, HeaderPair } from '../../wire/head.ts'
import type { Taken, TakenOwner, TakenPlace } from './dialect.ts'

/** Bytes of one frame of a large message. */
const PIECE = 256 * 1024
/** RFC 6455 7.4.1: it was closed without a code, and not closed at all. */
const LOST = 1006

/** How WebSockets are spoken. */
export interface WebSocketOptions {
  /** Bytes of a message of a client. */
  readonly maxMessage: number
  /** permessage-deflate (RFC 7692), where a client wants it. */
  readonly compress: boolean
  /** Milliseconds between two pings, within which each is to be answered; 0: none. */
  readonly ping: number
}

/** What `ws` is asked with. */
interface Asked {
  readonly method: 'GET'
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly more: readonly HeaderPair[]
}

/** What `ws` writes as text is its head, which is latin-1 as every other. */
class HeadSocket extends UpgradeSocket {
  override write(chunk: unknown, ...more: never[]): boolean {
    return super.write(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk, ...more)
  }
}

/** Opens them. */
export class WebSockets {
  readonly #server: WebSocketServer
  readonly ping: number

  /** @param Server the class of `ws`, which is loaded where there are such apps only */
  constructor(Server: typeof WebSocketServer, { maxMessage, compress, ping }: WebSocketOptions) {
    this.ping = ping
    this.#server = new Server({
      noServer: true,
      clientTracking: false,
      maxPayload: maxMessage,
      perMessageDeflate: compress,
      // The app has chosen, and its choice is among the fields of its head.
      handleProtocols: () => false,
    })
    this.#server.on('headers', (lines, request) => {
      for (const [name, value] of (request as unknown as Asked).more) lines.push(`${name}: ${value}`)
    })
  }

  /**
   * @param heard called with each piece of what the client sends, were it the part of a frame
   * @throws what Exchange.upgrade throws
   */
  open(exchange: Exchange, { headers: more }: Head, heard: () => void): WebSocket {
    exchange.demandUpgradable()
    const { variables } = exchange
    const asked: Asked = {
      method: 'GET',
      headers: {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': variables.HTTP_SEC_WEBSOCKET_KEY,
        'sec-websocket-extensions': variables.HTTP_SEC_WEBSOCKET_EXTENSIONS,
      },
      more,
    }
    let opened: WebSocket | undefined
    const socket = new HeadSocket(exchange)
    this.#server.handleUpgrade(asked as unknown as IncomingMessage, socket, Buffer.alloc(0), (webSocket) => {
      opened = webSocket
    })
    // The head was refused, and the exchange has its answer.
    if (!opened) throw exchange.error ?? new Error('ws has refused the upgrade')
    socket.on('data', heard)
    return opened
  }
}

/** The gateway's end of one. */
export class TakenWebSocket implements Taken {
  readonly #socket: WebSocket
  readonly #output: FrameOutput
  readonly #id: number
  readonly #owner: TakenOwner
  readonly #pings: NodeJS.Timeout | undefined
  #credit: number
  /** Something has come since the last ping. */
  #answered = true

  constructor(exchange: Exchange, head: Head, { id, window, output, owner }: TakenPlace, webSockets: WebSockets) {
    const socket = (this.#socket = webSockets.open(exchange, head, this.#heard))
    this.#id = id
    this.#credit = window
    this.#output = output
    this.#owner = owner
    socket
      .on('message', this.#pass)
      // What breaks RFC 6455 is told to the client, and `close` follows.
      .on('error', () => {})
      .once('close', this.#closed)
    if (webSockets.ping > 0) this.#pings = setInterval(this.#ping, webSockets.ping).unref()
  }

  frame(type: number, payload: Buffer): void {
    if (type === FRAME.message) this.#send(payload)
    else if (type === FRAME.bodyCredit) this.#allow(payload.readUInt32BE(0))
    else if (type === FRAME.close) this.#socket.close(payload.readUInt16BE(0), payload.subarray(2))
  }

  /** Its Close frame and the client's may be under way still. */
  destroy(): void {
    this.#socket.close()
  }

  #send(payload: Buffer): void {
    const what = payload[0]!
    const size = payload.byteLength
    const options = { binary: (what & MESSAGE.binary) !== 0, fin: (what & MESSAGE.more) === 0 }
    this.#socket.send(payload.subarray(1), options, (error) => {
      if (!error) this.#owner.took(size)
    })
  }

  #allow(bytes: number): void {
    this.#credit += bytes
    if (this.#credit <= 0 || !this.#socket.isPaused) return
    // Its pong may stand behind all that it was not heard of meanwhile.
    this.#answered = true
    this.#socket.resume()
  }

  readonly #pass = (data: unknown, binary: boolean): void => {
    const bytes = data as Buffer
    const what = binary ? MESSAGE.binary : MESSAGE.text
    let at = 0
    do {
      const piece = bytes.subarray(at, at + PIECE)
      at += piece.byteLength
      const payload = Buffer.allocUnsafe(1 + piece.byteLength)
      payload[0] = at < bytes.byteLength ? what | MESSAGE.more : what
      payload.set(piece, 1)
      this.#credit -= payload.byteLength
      this.#output.bytes(FRAME.clientMessage, this.#id, payload)
    } while (at < bytes.byteLength)
    if (this.#credit <= 0) this.#socket.pause()
  }

  readonly #ping = (): void => {
    const socket = this.#socket
    // One that is made to wait cannot be heard.
    if (socket.isPaused || socket.readyState !== socket.OPEN) return
    if (!this.#answered) return void this.#giveUp()
    this.#answered = false
    socket.ping()
  }

  async #giveUp(): Promise<void> {
    // Timers come before what has arrived while this process had no time to look; a client in the same one takes a turn to answer.
    for (let turns = 0; turns < 2; turns++) await nextTurn()
    if (!this.#answered && !this.#socket.isPaused) this.#socket.terminate()
  }

  /** Whatever it sends, it is there: no pong can come amid a frame. */
  readonly #heard = (): void => {
    this.#answered = true
  }

  readonly #closed = (code: number, reason: Buffer): void => {
    clearInterval(this.#pings)
    const payload = Buffer.allocUnsafe(2 + reason.byteLength)
    payload.writeUInt16BE(code === 0 ? LOST : code, 0)
    payload.set(reason, 2)
    this.#output.bytes(FRAME.clientClose, this.#id, payload)
    this.#owner.closed(null)
  }
}
