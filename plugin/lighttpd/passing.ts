// How lighttpd hands requests over: what each of its modules needs, with the reasons.
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { string } from './words.ts'

/** One way to hand requests over. */
export interface Passing {
  readonly modules: readonly string[]
  /** What hands requests over: `scgi.server`. */
  readonly directive: string
  /** Global: outside of all conditions. */
  readonly settings: readonly string[]
  /** Where the requests go; within a condition or outside. */
  readonly server: readonly string[]
}

const modules: Readonly<Record<string, readonly [module: string, directive: string]>> = {
  uwsgi: ['mod_scgi', 'scgi.server'],
  fastcgi: ['mod_fastcgi', 'fastcgi.server'],
  scgi: ['mod_scgi', 'scgi.server'],
  http: ['mod_proxy', 'proxy.server'],
  ajp: ['mod_ajp13', 'ajp13.server'],
}

/** What lighttpd and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = Object.keys(modules)

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: SocketEndpoint): Passing {
  const [module, directive] = modules[protocol]!
  return {
    directive,
    modules: protocol === 'http' ? [module, 'mod_setenv'] : [module],
    settings: [...(protocol === 'ajp' ? packet : head), ...common, ...special(protocol)],
    server: [
      ...(module === 'mod_scgi' ? [`scgi.protocol = ${string(protocol)}`] : []),
      ...(protocol === 'ajp' ? ['# Not "/", which would cut the path behind its first segment.'] : []),
      `${directive} = ( "${protocol === 'ajp' ? '' : '/'}" => ((`,
      ...backend(protocol, endpoint).map((line) => `    ${line}`),
      ')) )',
      ...(protocol === 'http'
        ? [
            '# WebSockets. The name in Location headers stays as the app wrote it.',
            'proxy.header = ( "upgrade" => "enable" )',
          ]
        : []),
    ],
  }
}

const head = [
  '# The request head in all: 8k by default, long cookies need more. 64k is also all that a uwsgi packet can carry.',
  'server.max-request-field-size = 65535',
]

const packet = [
  '# The request head in all has to fit into a packet of 8k: mod_ajp13 makes no larger ones.',
  'server.max-request-field-size = 8192',
]

const common = [
  '# Uploads, in kilobytes. The default is no limit.',
  'server.max-request-size = 102400',
  '# Responses stream through, and a slow client slows the app down instead of filling disks.',
  'server.stream-response-body = 2',
  '# Uploads are collected first: lighttpd cannot stream those without a length (chunked).',
  'server.stream-request-body = 0',
]

const asWritten = 'server.http-parseopts = ( "url-normalize" => "disable" )'

const claims = [
  '# The target as the client wrote it, the query too: lighttpd would decode %2F in it and encode others anew.',
  asWritten,
  '# What a client claims about itself ends here: Sidegate believes X-Forwarded-* from peers in `trust`. lighttpd adds -For and -Proto.',
  'setenv.set-request-header = ( "X-Forwarded-For" => "", "X-Forwarded-Host" => "", "Forwarded" => "", "X-Remote-User" => "", "Proxy" => "" )',
]

const decoded = [
  "# mod_ajp13 sends the path decoded: on Sidegate's side host: 'lighttpd' has to say so, or /100%25 is an error. What was %2F is a slash",
  '# like any other then: where the two are not the same, take another protocol. So too for PATCH (400 here) and WebSockets.',
  '# The query as the client wrote it: lighttpd would encode it anew.',
  asWritten,
]

function special(protocol: string): readonly string[] {
  if (protocol === 'http') return claims
  return protocol === 'ajp' ? decoded : []
}

function backend(protocol: string, endpoint: SocketEndpoint): string[] {
  const where =
    endpoint.kind === 'unix'
      ? [protocol === 'http' ? `"host" => ${string(endpoint.path)},` : `"socket" => ${string(endpoint.path)},`]
      : [`"host" => ${string(endpoint.host)}, "port" => ${endpoint.port},`]
  return [
    ...where,
    ...(protocol === 'http' || protocol === 'ajp'
      ? []
      : [
          '# There is no file behind the path: the app is asked always.',
          '"check-local" => "disable",',
          '# SCRIPT_NAME is empty and PATH_INFO the path, which Sidegate divides at its mounts.',
          '"fix-root-scriptname" => "enable",',
        ]),
    ...(protocol === 'uwsgi' || protocol === 'scgi' ? ['# WebSockets.', '"upgrade" => "enable",'] : []),
    '# Sidegate is on this machine: it answers a connect at once or is not there, and is tried again with the next request.',
    '"connect-timeout" => 5,',
    '"disable-time" => 0,',
    '# Silence, not the whole.',
    '"read-timeout" => 300,',
    '"write-timeout" => 60,',
  ]
}
