// A server that speaks a gateway protocol: a connection for each request (uwsgi, SCGI), or connections that are kept (FastCGI, AJP).
import type { Exchange } from '../exchange.ts'
import { copyVariables, type Variables } from '../variables.ts'
import type { ClientCodec, Protocol } from '../wire/codec.ts'
import { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { isIdempotent } from './failure.ts'
import { Passage } from './passage.ts'
import { phpHint } from './php-hint.ts'
import { ServerSocket } from './server-socket.ts'
import { Steering } from './steering.ts'
import type { Backend, BackendOptions, BackendAddress } from './backend.ts'
import { Upload } from '../upload.ts'

/** Sends exchanges to one endpoint. */
export class CodecBackend implements Backend {
  readonly name: string
  readonly #options: BackendOptions
  readonly #connections: Connections<ClientCodec>
  readonly #steering: Steering

  constructor(protocol: Protocol, { name, endpoint }: BackendAddress, options: BackendOptions) {
    this.name = name
    this.#options = options
    const { log, mount, keepAlive } = options
    this.#steering = new Steering(options.allowVariables, log, mount)
    this.#connections = new Connections({
      make: (owner) => new Connection(name, new ServerSocket(endpoint), protocol.client(options.protocol), owner),
      keepAlive,
      announced: false,
      said: (line, passage) => {
        const hint = phpHint(line, passage?.exchange.variables.SCRIPT_FILENAME)
        const { message, code } = hint ?? { message: line, code: undefined }
        log.warn(message, { code, mount, upstream: name, request: passage?.exchange.id, stream: 'stderr' })
      },
    })
  }

  async open(): Promise<void> {}

  async handle(exchange: Exchange, given?: Upload): Promise<void> {
    const upload = given ?? new Upload(exchange.body)
    try {
      const once = !upload.staysRepeatable || !isIdempotent(exchange.variables.REQUEST_METHOD)
      if (once) await this.#connections.look()
      if (exchange.aborted) return
      const connection = this.#connections.take(once)
      const passage = new Passage(exchange, this.name, this.#options.times, connection)
      connection.run(passage, upload, (codec) => {
        const variables = outgoing(exchange.variables, upload.length)
        this.#steering.remove(variables)
        return codec.request(variables, upload.length)
      })
      await passage.settled
    } finally {
      if (!given) upload.close()
    }
  }

  close(): void {
    this.#connections.close()
  }
}

// Fields that end at this hop (RFC 9110 7.6.1), or that were said to the gateway.
const DROPPED = [
  'HTTP_CONNECTION',
  'HTTP_EXPECT',
  'HTTP_KEEP_ALIVE',
  'HTTP_PROXY_AUTHORIZATION',
  'HTTP_PROXY_CONNECTION',
  'HTTP_TE',
  'HTTP_TRAILER',
  'HTTP_TRANSFER_ENCODING',
  'HTTP_UPGRADE',
]

/** The variables as they are sent: the host's, with the length that is true. */
function outgoing(variables: Variables, length: number | undefined): Variables {
  const sent = copyVariables(variables)
  for (const name of DROPPED) if (sent[name] !== undefined) delete sent[name]
  if (length === undefined) delete sent.CONTENT_LENGTH
  else if (length > 0 || sent.CONTENT_LENGTH !== undefined) sent.CONTENT_LENGTH = String(length)
  return sent
}
