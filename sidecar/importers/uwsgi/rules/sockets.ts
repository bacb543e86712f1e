// Where uWSGI listens.
import { numberIn, type UwsgiOption } from '../option.ts'
import type { Instance } from '../instance.ts'
import { carried, changed, left, needless, refused, type Rule, type Verdict } from '../rule.ts'

/** Of the kernel. */
const BACKLOG_MAX = 65_535

/** What uWSGI calls a protocol, and how an address here begins. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  uwsgi: 'uwsgi',
  http: 'http',
  http11: 'http',
  fastcgi: 'fastcgi',
  'fastcgi-nph': 'fastcgi',
  scgi: 'scgi',
  'scgi-nph': 'scgi',
}

const NPH = 'the answer begins with Status:, as the protocol has it, and not with a line of HTTP'

/** @param protocol of uWSGI; undefined: that of `protocol` */
function listening(names: readonly string[], here: string, protocol?: string): Rule {
  return {
    names,
    here,
    take(option, instance) {
      const wanted = protocol ?? instance.last('protocol', 'socket-protocol')?.value ?? 'uwsgi'
      const scheme = Object.hasOwn(PROTOCOLS, wanted) ? PROTOCOLS[wanted]! : undefined
      if (scheme === undefined) return left(`there is no protocol ${wanted} here: use uwsgi, http, fastcgi or scgi`)
      return listen(option, scheme, instance, wanted.endsWith('-nph') ? NPH : undefined)
    },
  }
}

function listen({ value }: UwsgiOption, scheme: string, instance: Instance, note: string | undefined): Verdict {
  const written = /^=[0-9]+$/.test(value)
    ? instance.all('shared-socket', 'undeferred-shared-socket')[Number(value.slice(1))]?.value
    : value
  if (written === undefined) return left(`there is no shared-socket ${value.slice(1)}`)
  if (written.startsWith('@') || instance.last('abstract-socket'))
    return left('Sidegate has no abstract sockets: give it a path, there and in the web server')
  const place = endpointOf(written, instance)
  if (place === undefined) return left(`${written} is no address: HOST:PORT or the path of a Unix socket`)
  const isUnix = place.startsWith('unix:')
  const address = `${scheme}://${place}`
  const index = instance.listeners.findIndex((one) => one.address === address)
  if (index >= 0) return carried(['listen', index], 'it is there already')
  const isOpen = !isUnix && !/^(?:127\.|\[::1\]|localhost:)/.test(place)
  instance.listeners.push({ address, isUnix, isOpen: isOpen && scheme !== 'http' })
  const to = ['listen', instance.listeners.length - 1]
  if (isOpen && scheme !== 'http')
    return changed(
      'who may connect has to be named, which is this machine alone for now: put the address of the web server into allow',
      to,
    )
  return note === undefined ? carried(to) : changed(note, to)
}

/** uWSGI: what has no colon is a path; nothing in front of the port is every address. */
function endpointOf(text: string, instance: Instance): string | undefined {
  const fd = /^fd:\/\/([0-9]+)$/.exec(text)?.[1]
  if (fd !== undefined) return `fd:${fd}`
  if (!text.includes(':')) return text === '' ? undefined : `unix:${instance.path(text)}`
  const [, host = '', port] = /^(.*):([0-9]{1,5})$/.exec(text) ?? []
  if (port === undefined) return undefined
  const name =
    host === '' || host === '*' ? '0.0.0.0' : host.includes(':') ? `[${host.replaceAll(/[[\]]/g, '')}]` : host
  return `${name}:${port}`
}

const mode: Rule = {
  names: ['chmod-socket', 'chmod'],
  here: '`mode` of listeners on Unix sockets',
  take({ value }, instance) {
    const digits = value === '' || value === '1' ? '666' : value
    if (!/^[0-7]{3}$/.test(digits)) return left(`${JSON.stringify(value)} is no permissions: three octal digits`)
    instance.sockets.mode = `0${digits}`
    return carried(['unix', 'mode'])
  },
}

const owner: Rule = {
  names: ['chown-socket'],
  here: '`owner` of listeners on Unix sockets',
  take({ value }, instance) {
    instance.sockets.owner = value
    return carried(['unix', 'owner'])
  },
}

const backlog: Rule = {
  names: ['listen'],
  here: '`backlog` of listeners; 511 unless set, where uWSGI has 100',
  take(option, instance) {
    const number = numberIn(option)
    if (number === undefined || number < 1) return left(`${JSON.stringify(option.value)} is no number of connections`)
    const value = Math.min(number, BACKLOG_MAX)
    instance.sockets.backlog = value
    return value === number
      ? carried(['listen', 'backlog'])
      : changed(`here it is ${BACKLOG_MAX} at most`, ['listen', 'backlog'])
  },
}

const ROUTER = 'Sidegate takes HTTP itself: there is no router process'

/** The rows. */
export const socketRules: readonly Rule[] = [
  listening(
    ['socket', 'uwsgi-socket'],
    'an address in `listen`: `uwsgi://127.0.0.1:3031`, `uwsgi://unix:/run/app.sock`',
  ),
  listening(['http-socket', 'http11-socket'], 'an address in `listen`: `http://127.0.0.1:8000`', 'http'),
  listening(
    ['http', 'httprouter'],
    'an address in `listen`: `http://0.0.0.0:8000`; there is no router process',
    'http',
  ),
  listening(['fastcgi-socket'], 'an address in `listen`: `fastcgi://127.0.0.1:9000`', 'fastcgi'),
  listening(['fastcgi-nph-socket'], 'an address in `listen`; answers begin with `Status:`', 'fastcgi-nph'),
  listening(['scgi-socket'], 'an address in `listen`: `scgi://127.0.0.1:4000`', 'scgi'),
  listening(['scgi-nph-socket'], 'an address in `listen`; answers begin with `Status:`', 'scgi-nph'),
  needless(['protocol', 'socket-protocol'], 'the word in front of an address in `listen`'),
  needless(['shared-socket', 'undeferred-shared-socket'], 'the address stands in `listen` where `=0` names it'),
  mode,
  owner,
  backlog,
  refused(['abstract-socket'], 'Sidegate has no abstract sockets: give it a path', true),
  refused(
    [
      'https',
      'https2',
      'https-socket',
      'https-socket-modifier1',
      'https-socket-modifier2',
      'ssl-socket',
      'suwsgi-socket',
      'puwsgi-socket',
      'http-to-https',
      'sni',
      'sni-dir',
      'sni-dir-ciphers',
      'sni-regexp',
      'spdy',
    ],
    'TLS is of the web server in front: have it listen on 443, and pass on to an address of `listen`',
  ),
  refused(['raw-socket', 'raw-modifier1', 'raw-modifier2'], 'Sidegate has no raw sockets'),
  refused(['zeromq', 'zmq', 'zeromq-socket', 'zmq-socket'], 'Sidegate speaks no ZeroMQ: have Mongrel2 talk HTTP'),
  refused(['udp', 'multicast', 'multicast-ttl', 'multicast-loop', 'upnp'], 'Sidegate has no sockets of UDP'),
  refused(['http-to'], `${ROUTER}; for a server elsewhere mount an \`upstream\``),
  refused(['map-socket'], 'all workers serve all addresses: run a Sidegate for each'),
  refused(
    [
      'http-resubscribe',
      'http-subscription-server',
      'http-subscription-fallback-key',
      'http-use-cache',
      'http-use-pattern',
      'http-use-base',
      'http-use-cluster',
      'http-use-code-string',
      'http-use-socket',
    ],
    `${ROUTER}; for servers elsewhere mount an \`upstream\` with their addresses`,
  ),
  refused(
    [
      'http-timeout',
      'http-connect-timeout',
      'http-headers-timeout',
      'socket-timeout',
      'so-send-timeout',
      'socket-send-timeout',
      'so-write-timeout',
      'socket-write-timeout',
      'chunked-input-timeout',
    ],
    'the times of a connection are `headTimeout`, `bodyTimeout` and `bodyRate` of listeners; the app has `requestTimeout`',
  ),
  refused(
    [
      'http-var',
      'http-modifier1',
      'http-modifier2',
      'http-socket-modifier1',
      'http-socket-modifier2',
      'fastcgi-modifier1',
      'fastcgi-modifier2',
      'scgi-modifier1',
      'scgi-modifier2',
    ],
    'the path decides which mount has a request, and no modifier; variables are set by the [layer `variables`](middleware.md)',
  ),
  refused(
    [
      'http-stud-prefix',
      'https-export-cert',
      'proxy-protocol',
      'http-enable-proxy-protocol',
      'http-proxy-protocol',
      'enable-proxy-protocol',
      'use-proxy-protocol',
    ],
    '`proxyProtocol` of a listener, which names the balancers that write it',
  ),
  refused(
    ['socket-sndbuf', 'socket-rcvbuf', 'tcp-fast-open', 'tcp-fastopen', 'tcp-fast-open-client', 'tcp-fastopen-client'],
    'the system sizes the buffers of sockets (`net.ipv4.tcp_rmem`)',
  ),
  refused(
    ['freebind'],
    'wait for the address in the service (`After=network-online.target`), or set `net.ipv4.ip_nonlocal_bind`',
    true,
  ),
  needless(['reuse-port'], 'every gateway process has the same socket', true),
  needless(
    [
      'so-keepalive',
      'tcp-nodelay',
      'no-defer-accept',
      'close-on-exec',
      'close-on-exec2',
      'http-keepalive',
      'http-auto-chunked',
      'http-auto-gzip',
      'http-raw-body',
      'http-websockets',
      'http-chunked-input',
      'http-source-ip',
    ],
    'it is always so, or HTTP needs no setting for it',
    true,
  ),
  needless(
    [
      'http-processes',
      'http-workers',
      'http-events',
      'http-buffer-size',
      'http-master',
      'http-quiet',
      'http-server-name-as-http-host',
      'http-bind-any',
      'http-uid',
      'http-gid',
      'http-cheap',
      'http-stats',
      'http-stats-server',
      'http-ss',
      'http-zerg',
      'http-harakiri',
      'http-backend-http',
      'http-manage-expect',
      'http-manage-source',
      'http-manage-rtsp',
      'http-manage-via',
      'http-keepalive-timeout',
    ],
    ROUTER,
  ),
]
