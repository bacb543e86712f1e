// AJP13 (Apache JServ Protocol 1.3, tomcat-connectors ajpv13a): packets both ways, the request shaped like HTTP, its body sent
// when it is asked for. There are no trailers, no 1xx, and no upgrade: WebSockets cannot pass.
import { AjpClient } from './ajp-client.ts'
import { AjpServer } from './ajp-server.ts'
import type { GatewayProtocol, Recognition } from './codec.ts'

function recognise(bytes: Uint8Array): Recognition {
  if (bytes.byteLength === 0) return 'more'
  if (bytes[0] !== 0x12) return 'no'
  if (bytes.byteLength === 1) return 'more'
  return bytes[1] === 0x34 ? 'yes' : 'no'
}

/** The AJP13 protocol. */
export const ajp: GatewayProtocol = {
  name: 'ajp',
  gateway: true,
  carries: 'fields',
  framed: true,
  secret: true,
  scripts: false,
  words: { host: 'Apache', own: 'ajp://', http: 'http://' },
  recognise,
  server: (options) => new AjpServer(options),
  client: (options) => new AjpClient(options),
}
