// A server that speaks a gateway protocol: a connection for each request (uwsgi, SCGI), or connections that are kept (FastCGI, AJP).
import type { Exchange } from '../exchange.ts'
import { requestTargets } from '../targets.ts'
import { atRoot, copyVariables, decodePath, variableName, type Variables } from '../variables.ts'
import type { ClientCodec, Protocol } from '../wire/codec.ts'
import { HOP_BY_HOP } from '../wire/field-names.ts'
import { demandBelow } from './moved-path.ts'
import { Connection } from './connection.ts'
import { Connections } from './connections.ts'
import { phpHint } from './php-hint.ts'
import { ServerSocket } from './server-socket.ts'
import { Steering } from './steering.ts'
import type { Backend, BackendOptions, BackendAddress } from './backend.ts'
import type { Upload } from '../upload.ts'

/** Sends exchanges to one endpoint. */
export class CodecBackend implements Backend {
  readonly name: string
  readonly #connections: Connections<ClientCodec>
  readonly #steering: Steering
  readonly #path: string
  readonly #keepPrefix: boolean
  readonly #scripts: boolean

  constructor(protocol: Protocol, { name, endpoint, path = '' }: BackendAddress, options: BackendOptions) {
    this.name = name
    this.#path = path
    this.#keepPrefix = options.fields.keepPrefix
    this.#scripts = protocol.scripts
    const { log, mount, keepAlive, times } = options
    this.#steering = new Steering(options.allowVariables, log, mount)
    this.#connections = new Connections({
      make: (owner) => new Connection(name, new ServerSocket(endpoint), protocol.client(options.protocol), owner),
      name,
      times,
      keepAlive,
      announced: false,
      said: (line, passage) => {
        const hint = phpHint(line, passage?.exchange.variables.SCRIPT_FILENAME)
        const { message, code } = hint ?? { message: line, code: undefined }
        log.warn(message, { code, mount, upstream: name, request: passage?.exchange.id, stream: 'stderr' })
      },
      exited: (exit, { exchange }) =>
        log.warn(`${name} ended its response with exit code ${exit}`, {
          code: 'FASTCGI_EXIT',
          mount,
          request: exchange.id,
        }),
    })
  }

  async open(): Promise<void> {}

  handle(exchange: Exchange, upload: Upload): Promise<void> {
    return this.#connections.send(exchange, upload, (codec) => {
      const asked = this.#keepPrefix ? atRoot(exchange.variables) : exchange.variables
      const variables = outgoing(asked, upload.length)
      if (this.#path !== '') below(this.#path, variables)
      this.#steering.remove(variables)
      if (this.#scripts) removeDotted(variables)
      return codec.request(variables, upload.length)
    })
  }

  close(): void {
    this.#connections.close()
  }
}

/** Fields that end at this hop (RFC 9110 7.6.1), and one that was said to the gateway. */
const DROPPED = [...HOP_BY_HOP, 'expect'].map(variableName)

/** PHP takes a dot for `_`: `X.User` of a client would be the X-User that a layer has set. */
function removeDotted(variables: Variables): void {
  for (const name in variables) if (name.startsWith('HTTP_') && name.includes('.')) delete variables[name]
}

/** The variables as they are sent: the host's, with the length that is true. */
function outgoing(variables: Variables, length: number | undefined): Variables {
  const sent = copyVariables(variables)
  for (const name of DROPPED) if (sent[name] !== undefined) delete sent[name]
  if (length === undefined) delete sent.CONTENT_LENGTH
  else if (length > 0 || sent.CONTENT_LENGTH !== undefined) sent.CONTENT_LENGTH = String(length)
  return sent
}

/** Has a request ask for what is below `path`, as if the mount were there. */
function below(path: string, variables: Variables): void {
  const asked = requestTargets(variables).below
  demandBelow(asked)
  variables.REQUEST_URI = path + asked
  variables.SCRIPT_NAME = decodePath(path)
  if (variables.DOCUMENT_URI !== undefined) variables.DOCUMENT_URI = variables.SCRIPT_NAME + variables.PATH_INFO
}
