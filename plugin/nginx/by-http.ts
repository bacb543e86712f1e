// By HTTP: proxy_pass, with kept connections.
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { common, hostMap, keptUpstream, shared, upstreamName, type Passing } from './shared.ts'

/** proxy_pass. */
export function http(endpoint: SocketEndpoint): Passing {
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
      ...keptUpstream('http', endpoint),
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
      '# Who is logged in, where a location says so beside its auth_basic: set $sidegate_user $remote_user; (docs/hosts/nginx.md).',
      '# Never write a proxy_set_header into a location: it would drop this whole list.',
      'proxy_set_header X-Remote-User     $sidegate_user;',
      '# A "Proxy:" header would become HTTP_PROXY, which programs take for a setting (httpoxy).',
      'proxy_set_header Proxy             "";',
      "# Location headers are the app's, made from the Host above: nothing to rewrite.",
      'proxy_redirect off;',
      ...shared('proxy'),
    ],
    note: [],
    // No path behind it: the request target goes through as the client sent it.
    pass: `proxy_pass http://${upstreamName('http', endpoint)};`,
  }
}
