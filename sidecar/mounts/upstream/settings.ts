// The settings of an upstream mount.
import * as v from 'valibot'
import { bytes, CONNECTIONS_MAX, count, memory, openSeconds, seconds } from '../../quantity.ts'

const flag = (initial: boolean, description: string) =>
  v.pipe(v.optional(v.boolean(), initial), v.description(description))

const text = (description: string) => v.pipe(v.optional(v.pipe(v.string(), v.nonEmpty())), v.description(description))

const one = v.strictObject({
  url: v.pipe(v.string(), v.description('The address.')),
  weight: count(1, 1, 'Its share of the requests, beside the shares of the others.'),
})

/**
 * How a server is spoken to, whichever mount it stands behind: what makes the options of a target.
 * Defaults: connecting within 10 s as undici; 60 s for an answer as nginx. For keepAlive see server.ts.
 */
export const targetEntries = {
  connections: count(
    1,
    64,
    'The most connections at the same time to one server; more requests wait. For PHP-FPM no more than its pm.max_children, or requests wait there, unseen.',
    CONNECTIONS_MAX,
  ),
  keepAlive: openSeconds(
    'Seconds a connection without a request is kept (HTTP, FastCGI, AJP). Keep it below the time of the server, which must not be the first to close. 0: a connection for each request. Default: 4 for HTTP and AJP; 0 for FastCGI, whose servers, PHP-FPM among them, have a process for each connection: it may still be busy when the connection is free (fastcgi_finish_request), and the next request would wait for it.',
  ),
  connectTimeout: seconds(10, 'Seconds until there must be a connection; 0: no limit, here and below. Then 504.'),
  firstByteTimeout: seconds(60, 'Seconds from the end of the request to the head of the response. Then 504.'),
  idleTimeout: seconds(
    60,
    'Seconds of silence in the middle of a response, after which it is cut; or while the server takes nothing of the request, then 504.',
  ),
  maxSpool: bytes(
    100 * 1024 * 1024,
    'uwsgi, FastCGI, SCGI and AJP: request bodies are taken whole before a connection is, up to so many bytes. One that is said to be longer goes to the server as it comes; one without a length that turns out longer gets 413. 0: none is taken, and those without a length get 411, but by AJP.',
  ),
  spoolMemory: memory(256 * 1024, 'As many bytes of such a body stay in memory; the rest goes to a temporary file.'),
  streamBodies: flag(
    false,
    'uwsgi, FastCGI, SCGI and AJP: whether a body goes to the server as it comes; but one without a length, which the first three have to be told, is taken whole all the same. A client that sends slowly keeps a process of the server then. By HTTP all go as they come.',
  ),
  forwarded: v.pipe(
    v.optional(v.picklist(['set', 'append', 'pass', 'off']), 'set'),
    v.description(
      "HTTP: X-Forwarded-For, -Proto, -Host and -Prefix are set anew, the client's own are dropped (set); the address is added to those that came (append); they pass as they came (pass); they are dropped (off).",
    ),
  ),
  hostHeader: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), 'client'),
    v.description('HTTP: the Host that is sent: "client", as it came; "upstream", the address; or a name.'),
  ),
  keepPrefix: flag(false, 'HTTP: the whole path is asked for, the prefix of the mount included.'),
  ca: text("https: a file with the certificates that vouch for the server's, instead of the system's."),
  serverName: text('https: the name that the certificate must have. Default: the host of the address.'),
  verify: flag(true, 'https: the certificate is checked. False accepts any.'),
  allowVariables: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.nonEmpty())), []),
    v.description(
      'uwsgi, FastCGI, SCGI: names of variables that pass although they steer the server or what it starts, such as PHP_VALUE, PHP_ADMIN_VALUE or LD_PRELOAD. All others of the kind are left out: whoever may send requests could run code by them.',
    ),
  ),
  secret: text('AJP: the secret that the server asks for (Tomcat: secret).'),
  packetSize: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(8192), v.maxValue(65536)), 8192),
    v.description('AJP: the largest packet, in bytes; the server must have the same (Tomcat: packetSize).'),
  ),
}

/** A health check. */
const health = v.strictObject({
  path: v.pipe(
    v.string(),
    v.startsWith('/'),
    v.description('What is asked for, by GET. A status from 200 to 399 is healthy.'),
  ),
  host: v.pipe(v.optional(v.string()), v.description('The Host that is sent. Default: the address.')),
  interval: seconds(10, 'Seconds between two checks.', 0.01),
  timeout: seconds(5, 'Seconds a check may take.', 0.01),
  healthy: count(1, 2, 'So many good answers in a row, and a server that was out of use is in use again.'),
  unhealthy: count(1, 3, 'So many bad ones in a row, and it is out of use.'),
})

/** The settings of an upstream mount. */
export const upstreamSettings = v.strictObject({
  upstream: v.pipe(
    v.union([v.string(), one, v.pipe(v.array(v.union([v.string(), one])), v.minLength(1))]),
    v.description(
      'The servers: PROTOCOL://HOST:PORT or PROTOCOL://unix:PATH, with http, https, uwsgi, fastcgi, scgi or ajp; one, or a list, where {url, weight} gives one a share.',
    ),
  ),
  balance: v.pipe(
    v.optional(v.picklist(['round-robin', 'weighted', 'least-busy', 'client-hash']), 'round-robin'),
    v.description(
      'Which of several gets a request: the next by turns, with weights as these say (round-robin, or weighted); the one with the fewest under way; always the same one for a client address.',
    ),
  ),
  retries: count(
    0,
    1,
    'How often a failed request is sent to another server, when nothing was sent back and either nothing was sent to the first or the method is idempotent (RFC 9110 9.2.2); or to the same one, when it closed a kept connection as it was used again.',
  ),
  queue: count(0, 100, 'Requests that may wait when every server has all its connections in use; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait so; then it gets 503.'),
  maxFails: count(
    0,
    3,
    'So many failures within failTimeout, and a server is left out for as long. When all are, they are used all the same. 0: never.',
  ),
  failTimeout: seconds(10, 'Seconds; see maxFails.'),
  slowStart: seconds(0, 'Seconds in which the share of a server grows to its whole when it is new or back.'),
  resolve: seconds(
    30,
    'Seconds after which the names of servers are looked up again; every address of a name is a server. 0: only at the start.',
  ),
  health: v.pipe(v.optional(health), v.description('Asks every server from time to time whether it is well.')),
  ...targetEntries,
  root: text('FastCGI to PHP: the folder of the scripts. With it, what runs is a file that is there; all else is 404.'),
  scriptRoot: text('FastCGI to PHP: the same folder as PHP-FPM sees it, when that has another path (a container).'),
  index: v.pipe(v.optional(v.array(v.string()), ['index.php']), v.description('PHP: what runs for a folder.')),
  split: v.pipe(
    v.optional(v.pipe(v.array(v.pipe(v.string(), v.startsWith('.'))), v.minLength(1)), ['.php']),
    v.description('PHP: how the name of a script ends. What follows in the path is PATH_INFO.'),
  ),
  frontController: v.pipe(
    v.optional(v.pipe(v.string(), v.startsWith('/'))),
    v.description('PHP: the script, such as "/index.php", that runs where there is no file, as WordPress wants it.'),
  ),
  followSymlinks: flag(false, 'PHP: scripts may be symbolic links that lead out of root.'),
})

/** The settings of an upstream mount, defaults filled in. */
export type UpstreamSettings = v.InferOutput<typeof upstreamSettings>

/** The part of the settings that makes the options of a target. */
export type TargetSettings = Pick<UpstreamSettings, keyof typeof targetEntries>
