// What a conformance case is. Cases are data: the app under test, the listener and the host in front come from outside.
import type { Answer } from './answer.ts'
import type { Live } from './client.ts'
import type { Lifespan, Started } from './start.ts'
import type { WebSocketLive } from './websocket.ts'

/** What an app is written to: WSGI for TypeScript, Node's (req, res), Fetch handlers, WSGI in Python, ASGI. */
export type Interface = 'app' | 'node' | 'fetch' | 'python' | 'asgi'

/** What is spoken to the server under test: the name of a protocol. */
export type Transport = string

/** A request. Strings are latin-1: what is written is what is sent. */
export interface RequestSpec {
  /** Default: GET. */
  readonly method?: string
  /** The target below the mount's prefix, raw: `/a%2Fb?c=d`. */
  readonly target: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Sent as UTF-8 when it is a string. */
  readonly body?: string | Uint8Array
  /** The body goes in pieces of this many bytes, its length is not announced. */
  readonly chunked?: number
  /** Of the body, only as many bytes go at first; the rest when the case says so (`Live.sendRest`). */
  readonly held?: number
  /** Default: HTTP/1.1. */
  readonly protocol?: 'HTTP/1.0' | 'HTTP/1.1'
}

/** What a case may use beside its own response. */
export interface Run {
  readonly interface: Interface
  /** The mount's prefix, `` for the root. */
  readonly prefix: string
  readonly transport: Transport
  /** Unlike that of any other run: names what the app keeps for this one. */
  readonly token: string
  /** Sends a request to the behaviour `app` of the app under test, waits for the whole response. */
  request(app: string, request: RequestSpec): Promise<Answer>
  /** The same, to be watched while it arrives. */
  open(app: string, request: RequestSpec): Promise<Live>
  /** Opens a WebSocket. */
  connect(app: string, request: RequestSpec): Promise<WebSocketLive>
  /** Asks again until `found` gives true. @throws {Error} when it does not within ten seconds. */
  until(what: string, found: () => boolean | Promise<boolean>): Promise<void>
}

/** Thrown by a case that asks for what a server may leave out, and what this one says it has not. */
export class NotOffered extends Error {}

/** One case: what is asked, and what the answer must be. */
export interface Case {
  readonly name: string
  /** Where it is written that it must be so. */
  readonly spec: string
  /** What the app under test does: it looks at the request header `X-Conformance-Case`. */
  readonly app: string
  /** `TOKEN` in the target is replaced by the run's token. */
  readonly request: RequestSpec
  /** Throws when the answer is not right. With `live` it gets the response as soon as the request is sent. */
  readonly check?: (answer: Answer, run: Run) => void | Promise<void>
  readonly live?: (live: Live, run: Run) => Promise<void>
  /** The request opens a WebSocket: this is what follows. */
  readonly socket?: (socket: WebSocketLive, run: Run) => Promise<void>
  /** The server is started for this case, with an app that takes its lifespan so; the request is not sent. */
  readonly started?: { readonly lifespan: Lifespan; readonly check: (server: Started, run: Run) => Promise<void> }
  /** Interfaces that cannot express it, with the reason. */
  readonly notApplicable?: Partial<Record<Interface, string>>
  /** Transports that cannot carry it, with the reason. */
  readonly notOver?: Partial<Record<Transport, string>>
  /** It asks for the mount's own prefix, so it needs one. */
  readonly needsPrefix?: boolean
  /** The app breaks its interface on purpose in a way that a checker around it (`lint`) takes for the answer. */
  readonly breaksRules?: boolean
  /** Lines that a host in front rightly writes into its error log because of it. */
  readonly hostLog?: RegExp
}
