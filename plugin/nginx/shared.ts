// What all ways of passing a request on have in common: their parts, the host asked for, limits, time-outs, buffers.
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { block, expanded } from './words.ts'

/** One way to hand requests over. */
export interface Passing {
  readonly protocol: string
  /** What stands in front of the directives: `uwsgi`, `fastcgi`, `scgi` or `proxy`. */
  readonly prefix: string
  /** For inside http { }: maps, upstreams. */
  readonly http: readonly string[]
  /** For http { } or server { }; locations inherit it. */
  readonly settings: readonly string[]
  /** Comment lines for each mount: what nginx cannot do there. */
  readonly note: readonly string[]
  /** The directive that does it, in each location. */
  readonly pass: string
}

/** For http { }: `$sidegate_host`. */
export const hostMap: readonly string[] = [
  '# The host asked for, with its port. Not $http_host alone: a client may send one Host header and ask for another host',
  '# (GET http://other/), and then the one that nginx chose the server by is the true one.',
  'map "$host $http_host" $sidegate_host {',
  '    default                    $host;',
  '    "~*^(\\S+) \\1(:[0-9]+)?$"   $http_host;',
  '}',
]

/** For each server { }. */
export const nobody: readonly string[] = [
  '# Nobody is logged in, unless a location says otherwise.',
  'set $sidegate_user "";',
]

/** Limits of requests. */
export const common: readonly string[] = [
  '# nginx refuses bodies over 1m by default. 0: no limit.',
  'client_max_body_size 100m;',
  '# Four lines of up to 16k: 64k is also all that a uwsgi packet can carry.',
  'large_client_header_buffers 4 16k;',
]

/** The directives that every `PREFIX_pass` has. */
export function shared(prefix: string): string[] {
  return [
    '# Sidegate is on this machine: it answers a connect at once or is not there.',
    `${prefix}_connect_timeout 5s;`,
    '# Silence, not the whole: a request body that stands still; a response, event stream or WebSocket without a byte.',
    `${prefix}_send_timeout 60s;`,
    `${prefix}_read_timeout 300s;`,
    '# The response head must fit into one buffer: cookies and CSP headers outgrow the default of 4k, and the client gets 502.',
    `${prefix}_buffer_size 32k;`,
    `${prefix}_buffers 8 32k;`,
    `${prefix}_busy_buffers_size 64k;`,
    '# Responses and uploads stream through; a slow client slows the app down instead of filling disks. Where a worker is',
    '# better free early (python, run, cgi), the location turns both on again.',
    `${prefix}_buffering off;`,
    `${prefix}_request_buffering off;`,
    '# A client that leaves takes its request along: the app is told and stops.',
    `${prefix}_ignore_client_abort off;`,
    "# Error pages are the app's; Sidegate's own name the code to look up.",
    `${prefix}_intercept_errors off;`,
  ]
}

/** The name of the upstream: another one for each protocol and address, as one nginx may have the configs of several Sidegates. */
export function upstreamName(protocol: string, endpoint: SocketEndpoint): string {
  // nginx compares these names without case.
  const plain = (text: string): string =>
    text.replace(/[^a-z0-9./-]/g, (character) => `~${Buffer.from(character).toString('hex')}`)
  const place = endpoint.kind === 'unix' ? plain(endpoint.path) : `-${plain(endpoint.host)}-${endpoint.port}`
  return `sidegate-${protocol}${place.replaceAll('/', '_')}`
}

/** For http { }: the upstream whose connections are kept. */
export function keptUpstream(protocol: string, endpoint: SocketEndpoint): string[] {
  return block(`upstream ${upstreamName(protocol, endpoint)}`, [
    `server ${expanded(formatEndpoint(endpoint))};`,
    '# Idle connections kept per nginx worker, and dropped before Sidegate drops them (75s): no request meets a closing door.',
    'keepalive 32;',
    'keepalive_timeout 60s;',
  ])
}
