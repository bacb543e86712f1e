// How Apache hands requests over: what each of its proxy modules needs, with the reasons.
import { createHash } from 'node:crypto'
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { formatEndpoint } from '../../sidecar/address.ts'

/** One way to hand requests over. */
export interface Passing {
  /** Beside mod_proxy. */
  readonly modules: readonly string[]
  /** For the virtual host. */
  readonly settings: readonly string[]
  /** What <Proxy> is about: the socket and the URL. */
  readonly worker: string
  /** The URL of Sidegate without a path. */
  readonly url: string
  /** Lines for <Proxy>. */
  readonly parameters: readonly string[]
  /** Of each ProxyPass. */
  readonly options: readonly string[]
}

// By the names they have in Apache. AJP needs no secret here: it goes over a Unix socket or loopback.
const schemes: Readonly<Record<string, string>> = {
  http: 'http',
  fastcgi: 'fcgi',
  uwsgi: 'uwsgi',
  scgi: 'scgi',
  ajp: 'ajp',
}

/** What Apache and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = Object.keys(schemes)

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: SocketEndpoint): Passing {
  const scheme = schemes[protocol]!
  const url = `${scheme}://${endpoint.kind === 'unix' ? socketName(endpoint.path) : formatEndpoint(endpoint)}`
  return {
    modules: [`proxy_${scheme}`, ...(protocol === 'http' ? ['headers'] : [])],
    settings: [...common, ...slashes, ...headers(protocol)],
    worker: endpoint.kind === 'unix' ? `unix:${endpoint.path}|${url}` : url,
    url,
    parameters: [...waiting, ...special(protocol)],
    // The target as the client wrote it. The others have it in REQUEST_URI.
    options: protocol === 'http' || protocol === 'ajp' ? ['nocanon'] : [],
  }
}

/**
 * What stands in the place of a host. Apache finds the socket by it, so it is another one for each: with one name, all requests for several
 * Sidegates would go to the first. Apache takes 63 characters of it, fewer than a path may have.
 */
function socketName(path: string): string {
  return `sidegate-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`
}

const common = [
  '# Requests go to Sidegate only, never where a client says.',
  'ProxyRequests Off',
  '# The host that the client asked for, in HTTP_HOST and SERVER_NAME.',
  'UseCanonicalName Off',
  'ProxyPreserveHost On',
  '# Field values up to 16k: long cookies. The default is 8190 bytes.',
  'LimitRequestFieldSize 16380',
  '# Uploads. Apache before 2.4.54 has no limit, later ones 1 GB.',
  'LimitRequestBody 104857600',
  "# Error pages are the app's; Sidegate's own name the code to look up.",
  'ProxyErrorOverride Off',
]

const slashes = [
  '# A slash within a segment (%2F) is 404 by default. Not NoDecode, with which /private%2Fx gets past a <Location "/private">: what the',
  '# client wrote arrives in any case.',
  'AllowEncodedSlashes On',
]

const waiting = [
  '# Sidegate is on this machine: it answers a connect at once or is not there.',
  'ProxySet connectiontimeout=5',
  '# Silence, not the whole.',
  'ProxySet timeout=300',
  '# After a failed connect Apache would answer 503 by itself for a minute.',
  'ProxySet retry=0',
]

const idle = [
  '# Idle connections are dropped before Sidegate drops them (75s): no request meets a closing door.',
  'ProxySet ttl=60',
]

// mod_proxy_uwsgi and mod_proxy_scgi keep no connections whatever is written.
function special(protocol: string): string[] {
  switch (protocol) {
    case 'http':
      return [
        ...idle,
        '# Fields of a response head: CSP headers outgrow the default of 8k.',
        'ProxySet responsefieldsize=32768',
        'ProxySet upgrade=websocket',
      ]
    case 'fastcgi':
      return [
        '# Connections are kept only when told so, in these words.',
        'ProxySet enablereuse=on',
        ...idle,
        '# Every piece of a response goes on at once: event streams.',
        'ProxySet flushpackets=on',
      ]
    case 'ajp':
      return [
        ...idle,
        '# Every piece of a response goes on at once: event streams.',
        'ProxySet flushpackets=on',
        '# A request head is one packet: 8k by default, long cookies need more.',
        'ProxySet iobuffersize=65536',
      ]
    default:
      return []
  }
}

function headers(protocol: string): string[] {
  if (protocol === 'http') {
    return [
      '# mod_proxy adds X-Forwarded-For and -Host to what the client sent: that ends here. Sidegate believes them from peers in `trust`.',
      'RequestHeader unset X-Forwarded-For',
      'RequestHeader unset X-Forwarded-Host',
      'RequestHeader unset X-Forwarded-Server',
      'RequestHeader unset Forwarded',
      'RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}',
      '# Nobody is logged in, unless a <Location> says otherwise (docs/hosts/apache.md).',
      'RequestHeader unset X-Remote-User',
      '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy).',
      'RequestHeader unset Proxy',
    ]
  }
  return [
    ...(protocol === 'fastcgi' || protocol === 'scgi'
      ? [
          '# Apps check passwords themselves: without it the Authorization header stays with Apache.',
          '<Location "/">',
          '    CGIPassAuth On',
          '</Location>',
        ]
      : []),
    '# The Content-Length of the app goes to the client (2.4.59 and later drop it otherwise): Sidegate holds apps to it.',
    'SetEnv ap_trust_cgilike_cl 1',
    ...(protocol === 'uwsgi' || protocol === 'scgi'
      ? ['# Uploads without a length (chunked) are 411 here: the protocol has no other way to end them.']
      : []),
    `# WebSockets do not pass mod_proxy_${schemes[protocol]}: give their path to an http:// ProxyPass.`,
  ]
}
