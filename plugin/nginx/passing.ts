// How nginx hands requests over: everything that is the same for each location, once per protocol. Every value that differs
// from nginx's default, or that a default of a distribution might change, is written out with its reason.
import { ConfigError } from '../../sidecar/errors.ts'
import { formatEndpoint, type Endpoint } from '../../sidecar/listen/address.ts'
import { expanded } from './words.ts'

/** One way to hand requests over. */
export interface Passing {
  readonly protocol: string
  /** What stands in front of the directives: `uwsgi` or `proxy`. */
  readonly prefix: string
  /** For inside http { }: maps, upstreams. */
  readonly http: readonly string[]
  /** For http { } or server { }; locations inherit it. */
  readonly settings: readonly string[]
  /** The directive that does it, in each location. */
  readonly pass: string
}

/**
 * @throws {ConfigError} PLUG_PROTOCOL when nginx and Sidegate have no such protocol in common.
 */
export function passing(protocol: string, endpoint: Endpoint): Passing {
  if (protocol === 'uwsgi') return uwsgi(endpoint)
  if (protocol === 'http') return http(endpoint)
  throw new ConfigError('PLUG_PROTOCOL', 'plug', `nginx is plugged in by uwsgi or http, not by ${protocol}`)
}

const hostMap = [
  '# The host asked for, with its port. Not $http_host alone: a client may send one Host header and ask for another host',
  '# (GET http://other/), and then the one that nginx chose the server by is the true one.',
  'map "$host $http_host" $sidegate_host {',
  '    default                    $host;',
  '    "~*^(\\S+) \\1(:[0-9]+)?$"   $http_host;',
  '}',
]

const common = [
  '# nginx refuses bodies over 1m by default. 0: no limit.',
  'client_max_body_size 100m;',
  '# Four lines of up to 16k: 64k is also all that a uwsgi packet can carry.',
  'large_client_header_buffers 4 16k;',
]

/** The directives that uwsgi and proxy share. */
function shared(prefix: string): string[] {
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

function uwsgi(endpoint: Endpoint): Passing {
  return {
    protocol: 'uwsgi',
    prefix: 'uwsgi',
    http: hostMap,
    settings: [
      ...common,
      '# The whole request as CGI variables; every request header follows by itself as HTTP_*. This list stands alone: do not',
      "# include the distribution's uwsgi_params as well, a key that comes twice means nothing good.",
      'uwsgi_param REQUEST_METHOD   $request_method;',
      'uwsgi_param REQUEST_URI      $request_uri;',
      '# Sidegate divides the path at its mounts; nginx takes nothing off.',
      'uwsgi_param SCRIPT_NAME      "";',
      'uwsgi_param PATH_INFO        $document_uri;',
      'uwsgi_param QUERY_STRING     $query_string;',
      'uwsgi_param CONTENT_TYPE     $content_type if_not_empty;',
      'uwsgi_param CONTENT_LENGTH   $content_length if_not_empty;',
      'uwsgi_param SERVER_PROTOCOL  $server_protocol;',
      'uwsgi_param SERVER_NAME      $host;',
      'uwsgi_param SERVER_PORT      $server_port;',
      'uwsgi_param SERVER_ADDR      $server_addr;',
      'uwsgi_param REMOTE_ADDR      $remote_addr;',
      'uwsgi_param REMOTE_PORT      $remote_port;',
      'uwsgi_param REQUEST_SCHEME   $scheme;',
      'uwsgi_param HTTPS            $https if_not_empty;',
      'uwsgi_param HTTP_HOST        $sidegate_host;',
      '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy). Empty: not sent at all.',
      'uwsgi_param HTTP_PROXY       "";',
      '# Only below auth_basic: without it nginx takes the name from the header and checks nothing.',
      '# uwsgi_param REMOTE_USER    $remote_user if_not_empty;',
      ...shared('uwsgi'),
      '# WebSockets need nothing here: Upgrade goes through as HTTP_UPGRADE, and a 101 opens the tunnel.',
    ],
    pass: `uwsgi_pass ${expanded(formatEndpoint(endpoint))};`,
  }
}

function http(endpoint: Endpoint): Passing {
  return {
    protocol: 'http',
    prefix: 'proxy',
    http: [
      ...hostMap,
      '',
      '# Connection goes to Sidegate only as "upgrade" (WebSockets) or not at all, which keeps the connection for the next request.',
      'map $http_upgrade $sidegate_connection {',
      '    default upgrade;',
      '    ""      "";',
      '}',
      '',
      'upstream sidegate {',
      `    server ${expanded(formatEndpoint(endpoint))};`,
      '    # Idle connections kept per nginx worker, and dropped before Sidegate drops them (75s): no request meets a closing door.',
      '    keepalive 32;',
      '    keepalive_timeout 60s;',
      '}',
    ],
    settings: [
      ...common,
      '# keepalive and Upgrade need HTTP/1.1; nginx before 1.29.7 speaks 1.0 to backends.',
      'proxy_http_version 1.1;',
      'proxy_set_header Host              $sidegate_host;',
      'proxy_set_header Connection        $sidegate_connection;',
      'proxy_set_header Upgrade           $http_upgrade;',
      '# Set, not added to: what a client claims about itself ends here. Sidegate believes them from peers in `trust`.',
      'proxy_set_header X-Forwarded-For   $remote_addr;',
      'proxy_set_header X-Forwarded-Proto $scheme;',
      'proxy_set_header X-Forwarded-Host  $sidegate_host;',
      'proxy_set_header X-Forwarded-Port  $server_port;',
      'proxy_set_header Forwarded         "";',
      '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy).',
      'proxy_set_header Proxy             "";',
      "# Location headers are the app's, made from the Host above: nothing to rewrite.",
      'proxy_redirect off;',
      ...shared('proxy'),
    ],
    // No path behind it: the request target goes through as the client sent it.
    pass: 'proxy_pass http://sidegate;',
  }
}
