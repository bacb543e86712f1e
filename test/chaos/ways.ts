// The ways to Sidegate: through nginx by uwsgi, by FastCGI and HTTP with kept connections, and past it.
import { Agent } from 'node:http'
import { passing } from '../../plugin/nginx/passing.ts'
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import type { Nginx } from '../harness.ts'

/** A way, with the connections that it keeps. */
export interface Way {
  readonly name: string
  readonly place: { readonly host: string; readonly port: number } | { readonly socketPath: string }
  readonly agent: Agent
  readonly webSockets: boolean
}

const PORTS = { uwsgi: 8080, fastcgi: 8081, http: 8082 }
const KEPT = 32

/** nginx as `sidegate plug nginx` has it, but that it never asks a second time: what is lost shall be seen. */
export function nginxConfig(endpoint: SocketEndpoint): string {
  return `worker_processes 2;
events { worker_connections 4096; }
http {
    access_log off;
    client_max_body_size 64m;
    map $http_upgrade $sidegate_connection { default upgrade; "" ""; }
    ${passing('uwsgi', endpoint).http.join('\n')}
    ${Object.entries(PORTS)
      .map(([protocol, port]) => server(protocol, port, endpoint))
      .join('\n')}
}
`
}

function server(protocol: string, port: number, endpoint: SocketEndpoint): string {
  const { prefix, settings } = passing(protocol, endpoint)
  const pass = `${prefix}_pass ${protocol === 'http' ? 'http://' : ''}chaos_${protocol};`
  const kept = protocol === 'uwsgi' ? '' : `keepalive ${KEPT};`
  return `upstream chaos_${protocol} { server ${formatEndpoint(endpoint)} max_fails=0; ${kept} }
server {
    listen ${port};
    set $sidegate_user "";
    ${settings.join('\n')}
    location / { ${prefix}_next_upstream off; ${pass} }
    # a body is sent on as it comes in one half of all requests, and taken whole before in the other
    location ~ ^/[a-z]+/(?:post|echo)$ { ${prefix}_request_buffering on; ${prefix}_next_upstream off; ${pass} }
}`
}

/**
 * All of them.
 * @param port of Sidegate, for HTTP past nginx
 * @param socket of Sidegate, likewise
 */
export function waysTo(nginx: Nginx, port: number, socket: string): Way[] {
  const local = (to: number) => ({ host: '127.0.0.1', port: to })
  const by = (protocol: keyof typeof PORTS) => local(nginx.port(PORTS[protocol]))
  const kept = () => new Agent({ keepAlive: true })
  return [
    { name: 'nginx, uwsgi', place: by('uwsgi'), agent: kept(), webSockets: true },
    { name: 'nginx, kept FastCGI', place: by('fastcgi'), agent: kept(), webSockets: false },
    { name: 'nginx, kept HTTP', place: by('http'), agent: kept(), webSockets: true },
    { name: 'kept HTTP', place: local(port), agent: kept(), webSockets: true },
    { name: 'HTTP', place: { socketPath: socket }, agent: new Agent(), webSockets: false },
  ]
}
