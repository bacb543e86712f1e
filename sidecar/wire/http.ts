// HTTP/1.1 and 1.0 (RFC 9110, RFC 9112) as a protocol like the others. It is not in the list of the gateway protocols (index.ts): what
// is none of those is taken for HTTP.
import type { ClientCodec, ProtocolOptions, ServerCodec } from './codec.ts'
import { HttpClient } from './http-client.ts'
import { HttpServer } from './http-server.ts'

/** The HTTP protocol. */
export const http: {
  readonly name: 'http'
  server(options?: ProtocolOptions): ServerCodec
  client(): ClientCodec
} = {
  name: 'http',
  server: (options) => new HttpServer(options),
  client: () => new HttpClient(),
}
