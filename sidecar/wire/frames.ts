// Frames: what a gateway and its workers say to each other on one connection, which carries many requests. Big endian:
//
//     length (3 bytes) | type (1) | id (4) | payload of that length
//
// id 0 is the connection, another one a request: a counter of the gateway, not used again while a request has it. A frame for a request that is
// not known (any more) is skipped: ABORT and the end of a response may cross. Credits are per request and way, in bytes: who sends a body or
// a response keeps to them, but for the rest of the piece that exceeds them.
import { Beginning } from './bytes.ts'

/** Bytes ahead of a payload. */
export const FRAME_HEAD = 8
/** The largest payload that the length can say. */
export const PAYLOAD_MAX = 0xff_ff_ff

/** What frames are for. */
export const FRAME = {
  // From the gateway.
  /** A request (frame-request.ts). Its body follows, unless there is none: what had arrived at once, the rest as credits allow. */
  start: 1,
  /** Bytes of the body of the request; of a connection that was taken over, what the client sends. */
  body: 2,
  /** Its end. */
  bodyEnd: 3,
  /** Nobody wants the response any more: why, as a failure, or nothing. The answer is `closed`, whatever became of the request. */
  abort: 4,
  /** Bytes of the response that the client took: so many more may be sent. A number. */
  credit: 5,
  /** The worker is to end when it has answered what it has: no more requests come. */
  retire: 6,
  /** Is anybody there? */
  ping: 7,
  /** All that the app sent on the connection that it took over, and its end, has been taken. */
  finished: 8,
  /** The first: which app the worker runs, as JSON. */
  open: 9,
  /** A message of a WebSocket, or a piece of it: what it is (MESSAGE), then its bytes. */
  clientMessage: 10,
  /** How a WebSocket was closed: code, in 2 bytes, and reason. */
  clientClose: 11,
  // From the worker.
  /** A whole response: a head (frame-head.ts), and the body behind it. */
  response: 16,
  /** The head of a response, and the first bytes of the body. */
  head: 17,
  /** More of the body; of a connection that was taken over, what the app sends. */
  data: 18,
  /** The end of what `head` or `upgrade` began. */
  end: 19,
  /** So many bytes more of the body may come. A number. */
  bodyCredit: 20,
  /** The app takes the connection over, with this head. */
  upgrade: 21,
  /** The worker has let go of the request. */
  closed: 22,
  /** What is to be logged: JSON. */
  report: 23,
  /** The answer to `ping`. */
  pong: 24,
  /** The response went wrong, and there will be no (more) of it: why, as a failure. */
  failed: 25,
  /** An interim response: its head. */
  interim: 26,
  /** The app wants the connection closed after its response. */
  closeAfter: 27,
  /** Names of fields that belong to a connection, and are left out of the response: separated by commas. */
  leftOut: 28,
  /** As `clientMessage`, of the app. */
  message: 29,
  /** The app closes a WebSocket: code and reason. */
  close: 30,
} as const

/** What a message is: the bits of its first byte. `more`: a piece, and not the last. */
export const MESSAGE = { text: 1, binary: 2, more: 0x80 } as const

/** Of frames from a worker, the length of the payload; undefined: any. */
export const FROM_WORKER: ReadonlyMap<number, number | undefined> = new Map<number, number | undefined>([
  [FRAME.response, undefined],
  [FRAME.head, undefined],
  [FRAME.data, undefined],
  [FRAME.end, 0],
  [FRAME.bodyCredit, 4],
  [FRAME.upgrade, undefined],
  [FRAME.closed, 0],
  [FRAME.report, undefined],
  [FRAME.pong, 0],
  [FRAME.failed, undefined],
  [FRAME.interim, undefined],
  [FRAME.closeAfter, 0],
  [FRAME.leftOut, undefined],
  [FRAME.message, undefined],
  [FRAME.close, undefined],
])

/** Those that are passed on piece by piece, as they come: the others are told of when they are whole. */
const STREAMED: ReadonlySet<number> = new Set([FRAME.body, FRAME.data])

/** Who is told of frames. */
export interface FrameSink {
  /** The payload may point into the bytes that were given to the reader. */
  frame(type: number, id: number, payload: Buffer): void
}

/** Reads frames out of the bytes of one connection. Keeps the beginning of one frame. */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #lengths: ReadonlyMap<number, number | undefined> | undefined
  readonly #beginning = new Beginning()
  /** Of a frame that is passed on in pieces: what is still to come. */
  #left = 0
  #type = 0
  #id = 0

  /** `lengths`: the types that may come, and the length of each payload where it is always the same. Unless given: any. */
  constructor(sink: FrameSink, lengths?: ReadonlyMap<number, number | undefined>) {
    this.#sink = sink
    this.#lengths = lengths
  }

  /** @throws {Error} no such frame may come: what follows cannot be made out */
  receive(bytes: Buffer): void {
    let at = this.#continue(bytes)
    if (at === bytes.length) return
    const all = this.#beginning.join(at === 0 ? bytes : bytes.subarray(at))
    at = 0
    while (all.length - at >= FRAME_HEAD) {
      const first = all.readUInt32BE(at)
      const length = first >>> 8
      const type = first & 0xff
      const id = all.readUInt32BE(at + 4)
      this.#check(type, length)
      const begin = at + FRAME_HEAD
      const end = begin + length
      if (end > all.length) {
        if (!STREAMED.has(type)) break
        this.#left = end - all.length
        this.#type = type
        this.#id = id
        if (begin < all.length) this.#sink.frame(type, id, all.subarray(begin))
        at = all.length
        break
      }
      at = end
      this.#sink.frame(type, id, all.subarray(begin, end))
    }
    this.#beginning.keep(all.subarray(at))
  }

  #check(type: number, length: number): void {
    const lengths = this.#lengths
    if (!lengths) return
    const right = lengths.get(type)
    if (right === undefined ? !lengths.has(type) : right !== length)
      throw new Error(`no frame has type ${type} and ${length} bytes`)
  }

  /** The rest of a frame that has begun; gives where the next one does. */
  #continue(bytes: Buffer): number {
    if (this.#left === 0) return 0
    const size = Math.min(this.#left, bytes.length)
    this.#left -= size
    this.#sink.frame(this.#type, this.#id, bytes.subarray(0, size))
    return size
  }
}
