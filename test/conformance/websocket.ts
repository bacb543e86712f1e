// A WebSocket client that sends exactly the frames it is told, and shows what came back (RFC 6455). It answers a Ping and a Close as it
// has to, and takes nothing from a server that a client must not take.
import { createHash, randomBytes } from 'node:crypto'
import type { Head } from '../../sidecar/wire/head.ts'
import type { Answer } from './answer.ts'
import type { RequestSpec } from './case.ts'
import type { Live } from './client.ts'

export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

/** A message, put together from its frames. */
export interface Message {
  readonly kind: 'text' | 'binary'
  readonly data: Buffer
}

/** What a Close frame says; without a code: 1005 (7.1.5). */
export interface Close {
  readonly code: number
  readonly reason: string
}

/** How a frame is sent, where it is not as it should be. */
export interface FrameOptions {
  /** The last of its message. Default: true. */
  readonly fin?: boolean
  /** Default: true, as it has to be (5.1). */
  readonly masked?: boolean
  /** The three reserved bits. Default: 0. */
  readonly reserved?: number
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const NO_CODE = 1005

/** The fields of a handshake (4.1). */
export function handshake(request: RequestSpec, key: string): RequestSpec {
  const own: RequestSpec['headers'] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  ]
  return { ...request, headers: [...own, ...(request.headers ?? [])] }
}

/** A fresh key for a handshake. */
export function handshakeKey(): string {
  return randomBytes(16).toString('base64')
}

/** What the server has to answer to a key (4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** A frame of a client (5.2). */
export function frame(opcode: number, payload: Uint8Array, options: FrameOptions = {}): Buffer {
  const { fin = true, masked = true, reserved = 0 } = options
  const size = payload.byteLength
  const more = size < 126 ? 0 : size < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + more)
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  head[1] = (masked ? 0x80 : 0) | (more === 0 ? size : more === 2 ? 126 : 127)
  if (more === 2) head.writeUInt16BE(size, 2)
  else if (more === 8) head.writeBigUInt64BE(BigInt(size), 2)
  if (!masked) return Buffer.concat([head, payload])
  const mask = randomBytes(4)
  const hidden = Buffer.from(payload)
  for (let i = 0; i < size; i++) hidden[i]! ^= mask[i & 3]!
  return Buffer.concat([head, mask, hidden])
}

/** The payload of a Close frame (5.5.1). */
export function closePayload(code?: number, reason = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0)
  const head = Buffer.alloc(2)
  head.writeUInt16BE(code)
  return Buffer.concat([head, Buffer.from(reason)])
}

/** A WebSocket under way. */
export class WebSocketLive {
  readonly live: Live
  /** Of its handshake. */
  readonly key: string
  /** Messages that have come and not been taken. */
  readonly #messages: Message[] = []
  readonly pongs: Buffer[] = []
  #buffer = Buffer.alloc(0)
  #parts: Buffer[] = []
  #kind: Message['kind'] | undefined
  #close: Close | undefined
  #closing = false
  /** What the server did that it must not. */
  #fault: Error | undefined

  constructor(live: Live, key: string) {
    this.live = live
    this.key = key
  }

  /** Resolves when the server has accepted; gives its head. @throws {Error} when it answers something else. */
  async accepted(): Promise<Head> {
    const head = await this.live.head()
    if (head.status !== 101) throw new Error(`the handshake was answered with ${head.status}`)
    this.live.handOver((bytes) => this.#take(bytes))
    return head
  }

  /** The whole answer of a server that does not accept. */
  async denied(): Promise<Answer> {
    const { status } = await this.live.head()
    if (status === 101) throw new Error('the handshake was accepted')
    await this.live.until(({ complete }) => complete)
    return this.live.answer!
  }

  text(text: string): void {
    this.frame(OPCODE.text, Buffer.from(text))
  }

  binary(bytes: Uint8Array): void {
    this.frame(OPCODE.binary, bytes)
  }

  /** Sends a Close frame; without a code: an empty one. */
  close(code?: number, reason?: string): void {
    this.#closing = true
    this.frame(OPCODE.close, closePayload(code, reason))
  }

  frame(opcode: number, payload: Uint8Array, options?: FrameOptions): void {
    this.live.write(frame(opcode, payload, options))
  }

  /** The next message. @throws {Error} when the WebSocket closes before, or none comes in time. */
  async next(): Promise<Message> {
    await this.#wait('the next message', () => this.#messages.length > 0)
    return this.#messages.shift()!
  }

  /** The next message, which has to be text. */
  async nextText(): Promise<string> {
    const { kind, data } = await this.next()
    if (kind !== 'text') throw new Error('the message is binary')
    return data.toString('utf8')
  }

  /** The Close frame of the server. */
  async closed(): Promise<Close> {
    await this.#wait('the Close frame', () => this.#close !== undefined)
    return this.#close!
  }

  /** Waits until `done` is true. */
  async #wait(what: string, done: () => boolean): Promise<void> {
    await this.live.wait(what, () => done() || this.#fault !== undefined || this.#close !== undefined)
    if (this.#fault) throw this.#fault
    if (!done()) throw new Error(`the WebSocket was closed with ${this.#close?.code} before ${what}`)
  }

  /** Waits until a Pong has come. */
  async pong(): Promise<Buffer> {
    await this.#wait('a Pong', () => this.pongs.length > 0)
    return this.pongs.shift()!
  }

  #take(bytes: Uint8Array): void {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#buffer, bytes])
    try {
      for (let size = this.#frame(); size > 0; size = this.#frame()) this.#buffer = this.#buffer.subarray(size)
    } catch (error) {
      this.#fault ??= error as Error
      this.live.destroy()
    }
  }

  /** Takes the first frame that has come; gives its size, 0: it is not whole. */
  #frame(): number {
    const buffer = this.#buffer
    if (buffer.length < 2) return 0
    const [first, second] = buffer as unknown as [number, number]
    if (second & 0x80) throw new Error('a frame of the server is masked (RFC 6455 5.1)')
    if (first & 0x70) throw new Error('a reserved bit is set in a frame of the server (RFC 6455 5.2)')
    const more = second < 126 ? 0 : second === 126 ? 2 : 8
    if (buffer.length < 2 + more) return 0
    const length = more === 0 ? second : more === 2 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2))
    const end = 2 + more + length
    if (buffer.length < end) return 0
    this.#event(first & 0xf, (first & 0x80) !== 0, Buffer.from(buffer.subarray(2 + more, end)))
    return end
  }

  #event(opcode: number, fin: boolean, payload: Buffer): void {
    if (opcode >= OPCODE.close && (!fin || payload.length > 125))
      throw new Error('a control frame in pieces, or too long')
    if (this.#close) throw new Error('a frame behind the Close frame (RFC 6455 5.5.1)')
    if (opcode === OPCODE.close) return this.#closeFrame(payload)
    if (opcode === OPCODE.ping) return this.frame(OPCODE.pong, payload)
    if (opcode === OPCODE.pong) {
      this.pongs.push(payload)
      return
    }
    if (opcode === OPCODE.continuation ? !this.#kind : this.#kind) throw new Error('frames of two messages are mixed')
    if (opcode > OPCODE.binary) throw new Error(`a frame of the server has the opcode ${opcode}`)
    this.#kind ??= opcode === OPCODE.text ? 'text' : 'binary'
    this.#parts.push(payload)
    if (!fin) return
    this.#messages.push({ kind: this.#kind, data: Buffer.concat(this.#parts) })
    this.#parts = []
    this.#kind = undefined
  }

  #closeFrame(payload: Buffer): void {
    if (payload.length === 1) throw new Error('a Close frame with half a code')
    const code = payload.length === 0 ? NO_CODE : payload.readUInt16BE(0)
    this.#close = { code, reason: payload.toString('utf8', 2) }
    if (!this.#closing) this.close(code === NO_CODE ? undefined : code)
  }
}
