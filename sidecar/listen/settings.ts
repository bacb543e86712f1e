// The settings of one listener.
import * as v from 'valibot'
import { count } from '../quantity.ts'

/** What fits into the kernel's own count; net.core.somaxconn bounds it further. */
const BACKLOG_MAX = 65_535

/** One entry of `listen` in the configuration, written out. */
export const listenerSettings = v.strictObject({
  address: v.pipe(
    v.string(),
    v.description(
      'Where to listen: HOST:PORT, unix:PATH or pipe:NAME, fd:N, systemd:[NAME] or stdin:; with PROTOCOL:// in front only that protocol is accepted.',
    ),
  ),
  allow: v.pipe(
    v.optional(v.array(v.string()), []),
    v.description(
      'Addresses and networks (CIDR) that may connect over TCP. Required for gateway protocols on an address that is not loopback, and as `pipe` on a named pipe that is open to everyone.',
    ),
  ),
  trust: v.pipe(
    v.optional(v.array(v.string()), []),
    v.description(
      'HTTP only: peers (addresses, networks, `unix` or `pipe`) whose X-Forwarded-For, -Proto and -Host headers count.',
    ),
  ),
  forwardedHost: v.pipe(
    v.optional(v.boolean(), true),
    v.description(
      'HTTP only: the X-Forwarded-Host of those in `trust` takes the place of Host. `false` where they hand on what their clients write there.',
    ),
  ),
  proxyProtocol: v.pipe(
    v.optional(v.array(v.string()), []),
    v.description(
      'Peers (addresses, networks, `unix` or `pipe`) that write a PROXY protocol header, version 1 or 2, in front of every connection: load balancers. Over HTTP the client is who it names.',
    ),
  ),
  secret: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description(
      'AJP: what a host must say (its `secret`). Required on an address that is neither loopback nor a Unix socket, and on a named pipe that is open to everyone.',
    ),
  ),
  packetSize: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(8192), v.maxValue(65_536))),
    v.description('AJP: the most bytes of a packet, as in the host (Apache: ProxyIOBufferSize). Unless set: 8192.'),
  ),
  underscoresInHeaders: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'HTTP and AJP: header fields with `_` or `.` in their name are taken. Unless set they are left out, as X_Real_IP would pass for X-Real-IP.',
    ),
  ),
  earlyHints: v.pipe(
    v.optional(v.boolean()),
    v.description(
      'HTTP only: interim responses (103 Early Hints) go to the web server in front. Unless set: where `host` is none that takes them for the response. nginx knows them from 1.29 on, with `early_hints` in its own configuration.',
    ),
  ),
  host: v.pipe(
    v.optional(v.string()),
    v.description('The web server in front of this listener, whose ways with SCRIPT_NAME and PATH_INFO are repaired.'),
  ),
  mode: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^0?[0-7]{3}$/, 'must be three octal digits, such as "0660"'))),
    v.description('Permissions of a Unix socket, octal. Unless set: 0660.'),
  ),
  owner: v.pipe(
    v.optional(v.string()),
    v.description('Owner of a Unix socket: USER, USER:GROUP or :GROUP (names or numbers).'),
  ),
  access: v.pipe(
    v.optional(v.picklist(['owner', 'everyone']), 'owner'),
    v.description(
      'Who may connect to a named pipe: the account that Sidegate runs as, administrators and SYSTEM; or every account, of other machines too.',
    ),
  ),
  connections: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 8192),
    v.description('Connections that may be open at a time; more are closed, with a line in the log.'),
  ),
  connectionsPerPeer: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))),
    v.description(
      'Connections of one address over TCP (of IPv6, one /64). Unless set: 256 for an address that is neither this machine nor named in `allow`, `trust` or `proxyProtocol`, and no limit for those.',
    ),
  ),
  headTimeout: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(86_400)), 30),
    v.description('Seconds that a request head may take in all, from its first byte; then the answer is 408.'),
  ),
  bodyTimeout: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(86_400)), 3600),
    v.description('Seconds that an app may have to wait for a request body in all; then the answer is 408.'),
  ),
  bodyRate: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000_000)), 500),
    v.description(
      'Bytes a second that a request body has to bring on average once an app has waited 20 seconds for it; else the answer is 408. 0: any.',
    ),
  ),
  backlog: count(1, 511, 'Connections that may wait to be accepted.', BACKLOG_MAX),
})

/** The settings of one listener, defaults filled in. */
export type ListenerSettings = v.InferOutput<typeof listenerSettings>
