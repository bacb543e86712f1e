// How lighttpd hands requests over: what each of its modules needs, with the reasons.
import type { Endpoint } from '../../sidecar/listen/address.ts'
import { string } from './words.ts'

/** One way to hand requests over. */
export interface Passing {
  readonly modules: readonly string[]
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
}

/**
 * What lighttpd and Sidegate both can use, the recommended one first. Not AJP: mod_ajp13 sends the path decoded where the protocol has
 * it encoded, so that `/a%252Fb` would become `/a/b`, and `/100%25` nothing at all.
 */
export const protocols: readonly string[] = ['uwsgi', 'fastcgi', 'scgi', 'http']

/** @param protocol one of `protocols` */
export function passing(protocol: string, endpoint: Endpoint): Passing {
  const [module, directive] = modules[protocol]!
  return {
    modules: protocol === 'http' ? [module, 'mod_setenv'] : [module],
    settings: [...common, ...(protocol === 'http' ? claims : [])],
    server: [
      ...(module === 'mod_scgi' ? [`scgi.protocol = ${string(protocol)}`] : []),
      `${directive} = ( "/" => ((`,
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

const common = [
  '# The request head in all: 8k by default, long cookies need more. 64k is also all that a uwsgi packet can carry.',
  'server.max-request-field-size = 65535',
  '# Uploads, in kilobytes. The default is no limit.',
  'server.max-request-size = 102400',
  '# Responses stream through, and a slow client slows the app down instead of filling disks.',
  'server.stream-response-body = 2',
  '# Uploads are collected first: lighttpd cannot stream those without a length (chunked).',
  'server.stream-request-body = 0',
]

const claims = [
  '# The target as the client wrote it, the query too: lighttpd would decode %2F in it and encode others anew.',
  'server.http-parseopts = ( "url-normalize" => "disable" )',
  '# What a client claims about itself ends here: Sidegate believes X-Forwarded-* from peers in `trust`. lighttpd adds -For and -Proto.',
  'setenv.set-request-header = ( "X-Forwarded-For" => "", "X-Forwarded-Host" => "", "Forwarded" => "", "Proxy" => "" )',
]

function backend(protocol: string, endpoint: Endpoint): string[] {
  const where =
    endpoint.kind === 'unix'
      ? [protocol === 'http' ? `"host" => ${string(endpoint.path)},` : `"socket" => ${string(endpoint.path)},`]
      : [`"host" => ${string(endpoint.host)}, "port" => ${endpoint.port},`]
  return [
    ...where,
    ...(protocol === 'http'
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
