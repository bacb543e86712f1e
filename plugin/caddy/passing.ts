// How Caddy hands requests over: what its two transports need, with the reasons.
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { block, token } from './words.ts'

/** What Caddy and Sidegate both speak, the recommended one first. */
export const protocols: readonly string[] = ['http', 'fastcgi']

/** For the site, once: who is logged in by basic_auth (docs/hosts/caddy.md). */
export const user: readonly string[] = [
  '# Who is logged in by basic_auth, or empty: without one Caddy would send the placeholder itself.',
  ...block('map {http.auth.user.id} {sidegate_user}', ['~^(.+)$ "${1}"', 'default ""']),
]

/** The directive; `matcher` chooses the requests. */
export function reverseProxy(protocol: string, endpoint: SocketEndpoint, matcher: string = ''): string[] {
  const address = token(endpoint.kind === 'unix' ? `unix/${endpoint.path}` : formatEndpoint(endpoint))
  return block(`reverse_proxy ${matcher}${matcher === '' ? '' : ' '}${address}`, [
    ...(protocol === 'http' ? http : fastcgi),
    '# With _ in its name a header would pass for one with -.',
    'header_up -*_*',
    '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy).',
    'header_up -Proxy',
  ])
}

const waiting = ['# Sidegate is on this machine: it answers a connect at once or is not there.', 'dial_timeout 5s']

const http = [
  '# X-Forwarded-For, -Proto and -Host are set, not added to: what a client claims about itself ends here. Sidegate believes them',
  '# from peers in `trust`. WebSockets and event streams need nothing.',
  'header_up -Forwarded',
  '# Who is logged in; HTTP knows no REMOTE_USER.',
  'header_up X-Remote-User {sidegate_user}',
  ...block('transport http', [
    ...waiting,
    '# Idle connections are dropped before Sidegate drops them (75s): no request meets a closing door.',
    'keepalive 60s',
    "# Whether responses are compressed is between client and app: Caddy's transport would ask for gzip by itself.",
    'compression off',
  ]),
]

const fastcgi = [
  '# Every piece of a response goes on at once: event streams, and apps that show progress.',
  'flush_interval -1',
  ...block('transport fastcgi', [
    '# There is no file behind the path: PATH_INFO is the path, which Sidegate divides at its mounts.',
    'root /',
    '# Who is logged in; Sidegate leaves it out where it is empty.',
    'env REMOTE_USER {sidegate_user}',
    ...waiting,
    '# Silence, not the whole.',
    'read_timeout 300s',
    'write_timeout 60s',
  ]),
  '# WebSockets do not pass FastCGI: give their path to the http transport.',
]
