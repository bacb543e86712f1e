// How Apache hands requests over: what each of its proxy modules needs, with the reasons.
import type { Endpoint } from '../../sidecar/listen/address.ts'
import { formatEndpoint } from '../../sidecar/listen/address.ts'

/** One way to hand requests over. */
export interface Passing {
  /** Beside mod_proxy. */
  readonly modules: readonly string[]
  /** For the virtual host. */
  readonly settings: readonly string[]
  /** The URL of Sidegate without a path. */
  readonly url: string
  /** Of each ProxyPass. */
  readonly parameters: readonly string[]
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
export function passing(protocol: string, endpoint: Endpoint): Passing {
  const scheme = schemes[protocol]!
  return {
    modules: [`proxy_${scheme}`, ...(protocol === 'http' ? ['headers'] : [])],
    settings: [...common, ...slashes(protocol), ...special(protocol)],
    url:
      endpoint.kind === 'unix'
        ? `unix:${endpoint.path}|${scheme}://sidegate`
        : `${scheme}://${formatEndpoint(endpoint)}`,
    parameters: [...waiting, ...kept(protocol), ...fields(protocol), ...target(protocol)],
  }
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

// connectiontimeout: Sidegate is on this machine, it answers a connect at once or is not there. timeout: silence, not the whole.
// retry: after a failed connect Apache would answer 503 by itself for a minute, restart of Sidegate or not.
const waiting = ['connectiontimeout=5', 'timeout=300', 'retry=0']

// Connections are kept, and dropped before Sidegate drops them (75s): no request meets a closing door. mod_proxy_uwsgi and
// mod_proxy_scgi keep none whatever is written; mod_proxy_fcgi does only when told.
function kept(protocol: string): string[] {
  if (protocol === 'fastcgi') return ['enablereuse=on', 'ttl=60', 'flushpackets=on']
  if (protocol === 'ajp') return ['ttl=60', 'flushpackets=on']
  return protocol === 'http' ? ['ttl=60'] : []
}

// Fields of a response head: CSP headers outgrow the default of 8k. The other modules have that limit for good.
function fields(protocol: string): string[] {
  if (protocol === 'ajp') return ['iobuffersize=65536']
  return protocol === 'http' ? ['responsefieldsize=32768'] : []
}

// The target as the client wrote it. The others have it in REQUEST_URI.
function target(protocol: string): string[] {
  if (protocol === 'http') return ['upgrade=websocket', 'nocanon']
  return protocol === 'ajp' ? ['nocanon'] : []
}

function slashes(protocol: string): string[] {
  const why = '# A slash within a segment (%2F) is 404 by default.'
  // Passed as the client wrote it, which nocanon asks for.
  if (protocol === 'http' || protocol === 'ajp') {
    return [why, 'AllowEncodedSlashes NoDecode']
  }
  // NoDecode would be 500 in mod_proxy_uwsgi; REQUEST_URI keeps the difference in any case.
  return [why, 'AllowEncodedSlashes On']
}

function special(protocol: string): string[] {
  if (protocol === 'http') {
    return [
      '# mod_proxy adds X-Forwarded-For and -Host to what the client sent: that ends here. Sidegate believes them from peers in `trust`.',
      'RequestHeader unset X-Forwarded-For',
      'RequestHeader unset X-Forwarded-Host',
      'RequestHeader unset X-Forwarded-Server',
      'RequestHeader unset Forwarded',
      'RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}',
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
