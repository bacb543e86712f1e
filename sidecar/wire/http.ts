// HTTP/1.1 and 1.0 (RFC 9110, RFC 9112) as a protocol like the others. It is no gateway protocol, and is not recognised: what is none of
// those is taken for HTTP.
import type { Protocol } from './codec.ts'
import { HttpClient } from './http-client.ts'
import { HttpServer } from './http-server.ts'

/** The HTTP protocol. */
export const http: Protocol = {
  name: 'http',
  gateway: false,
  carries: 'fields',
  framed: true,
  secret: false,
  scripts: false,
  port: 80,
  words: { host: 'nginx', own: 'proxy_pass', http: 'proxy_pass' },
  server: (options) => new HttpServer(options),
  client: () => new HttpClient(),
}
