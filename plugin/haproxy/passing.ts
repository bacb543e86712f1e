// How HAProxy hands requests over: what its two ways need, with the reasons.
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { word } from './words.ts'

/** One way to hand requests over. */
export interface Passing {
  /** Sections of their own. */
  readonly sections: readonly string[]
  /** For the frontend. */
  readonly frontend: readonly string[]
  /** For the backend. */
  readonly backend: readonly string[]
}

const ways: Readonly<Record<string, (endpoint: SocketEndpoint) => Passing>> = { http, fastcgi }

/** What HAProxy and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = Object.keys(ways)

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: SocketEndpoint): Passing {
  return ways[protocol]!(endpoint)
}

const nobody = [
  '# Nobody is logged in, unless HAProxy has checked the password (docs/hosts/haproxy.md).',
  'http-request del-header X-Remote-User',
]

const httpoxy = [
  '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy).',
  'http-request del-header Proxy',
]

function server(endpoint: SocketEndpoint): string {
  return `server sidegate ${word(endpoint.kind === 'unix' ? `unix@${endpoint.path}` : formatEndpoint(endpoint))}`
}

function fastcgi(endpoint: SocketEndpoint): Passing {
  return {
    sections: [
      'fcgi-app sidegate',
      '    # There is no file behind the path: SCRIPT_NAME is the path, which Sidegate divides at its mounts.',
      '    docroot /',
      '    # Connections are kept, and shared between clients.',
      '    option keep-conn',
      '    # Apps check passwords themselves: without it the header stays here.',
      '    pass-header Authorization',
      '    # HAProxy has no variable for the scheme, nor for its own address.',
      '    set-param REQUEST_SCHEME http if !{ ssl_fc }',
      '    set-param REQUEST_SCHEME https if { ssl_fc }',
      '    set-param SERVER_ADDR %[dst]',
    ],
    frontend: [
      ...nobody,
      ...httpoxy,
      '# HAProxy would take back a request whose path it cannot decode, and answer 500.',
      `http-request deny deny_status 400 if { path -m reg ${word('%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)')} }`,
      '# WebSockets do not pass FastCGI: give their path to a backend that speaks HTTP.',
    ],
    backend: ['use-fcgi-app sidegate', `${server(endpoint)} proto fcgi`],
  }
}

function http(endpoint: SocketEndpoint): Passing {
  return {
    sections: [],
    frontend: [
      '# Set, not added to: what a client claims about itself ends here. Sidegate believes them from peers in `trust`.',
      'http-request set-header X-Forwarded-For %[src]',
      'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
      'http-request set-header X-Forwarded-Proto http if !{ ssl_fc }',
      'http-request del-header X-Forwarded-Host',
      'http-request del-header Forwarded',
      ...nobody,
      ...httpoxy,
    ],
    backend: ['# WebSockets need nothing here: a 101 opens the tunnel.', server(endpoint)],
  }
}
