// By the protocols that carry CGI variables: uwsgi_pass, fastcgi_pass, scgi_pass. One list of variables for all three.
import { formatEndpoint, type SocketEndpoint } from '../../sidecar/address.ts'
import { brokenOffNote } from '../broken-off.ts'
import { common, hostMap, keptUpstream, shared, upstreamName, type Passing } from './shared.ts'
import { expanded } from './words.ts'

/** uwsgi_pass: a connection a request, as nginx never keeps those of uwsgi. */
export function uwsgi(endpoint: SocketEndpoint): Passing {
  return {
    protocol: 'uwsgi',
    prefix: 'uwsgi',
    http: hostMap,
    settings: [
      ...common,
      ...variables('uwsgi'),
      ...shared('uwsgi'),
      '# WebSockets need nothing here: Upgrade goes through as HTTP_UPGRADE, and a 101 opens the tunnel.',
    ],
    note: brokenOffNote('nginx', 'uwsgi', endpoint),
    pass: `uwsgi_pass ${expanded(formatEndpoint(endpoint))};`,
  }
}

/** fastcgi_pass, with kept connections. */
export function fastcgi(endpoint: SocketEndpoint): Passing {
  return {
    protocol: 'fastcgi',
    prefix: 'fastcgi',
    http: [...hostMap, '', ...keptUpstream('fastcgi', endpoint)],
    settings: [
      ...common,
      '# Without it nginx asks for the connection to be closed, and the upstream keeps none.',
      'fastcgi_keep_conn on;',
      ...variables('fastcgi'),
      ...shared('fastcgi'),
      '# WebSockets do not pass FastCGI: give their path to proxy_pass or uwsgi_pass.',
    ],
    note: [],
    pass: `fastcgi_pass ${upstreamName('fastcgi', endpoint)};`,
  }
}

/** scgi_pass: a connection a request, as nginx never keeps those of SCGI. */
export function scgi(endpoint: SocketEndpoint): Passing {
  return {
    protocol: 'scgi',
    prefix: 'scgi',
    http: hostMap,
    settings: [
      ...common,
      ...variables('scgi').filter((line) => !line.includes(' CONTENT_LENGTH ')),
      '# SCGI has it in every request; CONTENT_LENGTH, which comes first, nginx writes by itself.',
      'scgi_param SCGI             1;',
      ...shared('scgi').flatMap((line) =>
        line === 'scgi_request_buffering off;'
          ? [
              '# Uploads all the same: nginx before 1.29.6 announces those that it streams with a length of 0.',
              'scgi_request_buffering on;',
            ]
          : line,
      ),
      '# WebSockets need nothing here: Upgrade goes through as HTTP_UPGRADE, and a 101 opens the tunnel.',
    ],
    note: brokenOffNote('nginx', 'scgi', endpoint),
    pass: `scgi_pass ${expanded(formatEndpoint(endpoint))};`,
  }
}

function variables(prefix: string): string[] {
  const param = `${prefix}_param`
  return [
    '# The whole request as CGI variables; every request header follows by itself as HTTP_*. This list stands alone: do not',
    `# include the distribution's ${prefix}_params as well, a key that comes twice means nothing good.`,
    `${param} REQUEST_METHOD   $request_method;`,
    `${param} REQUEST_URI      $request_uri;`,
    '# Sidegate divides the path at its mounts; nginx takes nothing off.',
    `${param} SCRIPT_NAME      "";`,
    `${param} PATH_INFO        $document_uri;`,
    `${param} QUERY_STRING     $query_string;`,
    `${param} CONTENT_TYPE     $content_type if_not_empty;`,
    `${param} CONTENT_LENGTH   $content_length if_not_empty;`,
    `${param} SERVER_PROTOCOL  $server_protocol;`,
    `${param} SERVER_NAME      $host;`,
    `${param} SERVER_PORT      $server_port;`,
    `${param} SERVER_ADDR      $server_addr;`,
    `${param} REMOTE_ADDR      $remote_addr;`,
    `${param} REMOTE_PORT      $remote_port;`,
    `${param} REQUEST_SCHEME   $scheme;`,
    `${param} HTTPS            $https if_not_empty;`,
    `${param} HTTP_HOST        $sidegate_host;`,
    '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy). Empty: not sent at all.',
    `${param} HTTP_PROXY       "";`,
    '# Who is logged in, where a location says so beside its auth_basic: set $sidegate_user $remote_user; (docs/hosts/nginx.md).',
    `# Never write a ${param} into a location: it would drop this whole list.`,
    `${param} REMOTE_USER      $sidegate_user if_not_empty;`,
  ]
}
