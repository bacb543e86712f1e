// FastCGI 1.0: records both ways; the variables are the stream PARAMS, the body is STDIN, the answer STDOUT and END_REQUEST.
import type { GatewayProtocol, Recognition } from './codec.ts'
import { FastcgiClient } from './fastcgi-client.ts'
import { FastcgiServer } from './fastcgi-server.ts'
import * as records from './records.ts'

function recognise(bytes: Uint8Array): Recognition {
  if (bytes.byteLength === 0) return 'more'
  if (bytes[0] !== 1) return 'no'
  if (bytes.byteLength === 1) return 'more'
  const type = bytes[1]!
  // A request, or management: GET_VALUES, or a type that is to be answered with UNKNOWN_TYPE.
  return type === records.BEGIN_REQUEST || type === records.GET_VALUES || type > records.UNKNOWN_TYPE ? 'yes' : 'no'
}

/** The FastCGI protocol. */
export const fastcgi: GatewayProtocol = {
  name: 'fastcgi',
  gateway: true,
  carries: 'variables',
  framed: true,
  secret: false,
  scripts: true,
  words: { host: 'nginx', own: 'fastcgi_pass', http: 'proxy_pass' },
  recognise,
  server: (options) => new FastcgiServer(options),
  client: () => new FastcgiClient(),
}
