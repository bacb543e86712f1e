// How a server is spoken to: the settings of whatever mount it stands behind, and what a backend makes of them.
import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Log } from '../log.ts'
import { bytes, CONNECTIONS_MAX, count, memory, openSeconds, seconds } from '../quantity.ts'
import type { Protocol } from '../wire/codec.ts'
import type { BackendOptions } from './backend.ts'
import { WayBack, type OwnName } from './way-back.ts'

const flag = (initial: boolean, description: string) =>
  v.pipe(v.optional(v.boolean(), initial), v.description(description))

const text = (description: string) => v.pipe(v.optional(v.pipe(v.string(), v.nonEmpty())), v.description(description))

/**
 * How a server is spoken to, whichever mount it stands behind: what makes the options of a target.
 * Defaults: connecting within 10 s as undici; 60 s for an answer as nginx. For keepAlive see `backendOptions`.
 */
export const backendEntries = {
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
    'Where request bodies are taken whole before a connection is (`streamBodies`): up to so many bytes. One that is said to be longer goes to the server as it comes; one without a length that turns out longer gets 413. 0: none is taken, and those without a length get 411, but by AJP.',
  ),
  spoolMemory: memory(256 * 1024, 'As many bytes of such a body stay in memory; the rest goes to a temporary file.'),
  streamBodies: v.pipe(
    v.optional(v.boolean()),
    v.description(
      'Whether a body goes to the server as it comes, or is taken whole first. Default: true by HTTP, where `false` is for servers that take no body without a length; false by uwsgi, FastCGI, SCGI and AJP, as a client that sends slowly would keep a process of the server. One without a length is taken whole for the first three of them in any case: they have to be told.',
    ),
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
  keepPrefix: flag(
    false,
    'The whole path is asked for, the prefix of the mount included: for an app that is told its prefix by a setting of its own. By uwsgi, FastCGI and SCGI it is PATH_INFO then, and SCRIPT_NAME empty; by AJP it is so anyway.',
  ),
  locations: v.pipe(
    v.optional(v.picklist(['map', 'pass'])),
    v.description(
      'URLs of the server in Location, Content-Location and Refresh become those that its clients know, and Destination (WebDAV) the other way round (map); they pass as they come (pass). Default: map where the address has a path, else pass, as for a server that knows X-Forwarded-Prefix.',
    ),
  ),
  cookies: v.pipe(
    v.optional(v.picklist(['map', 'narrow', 'pass'])),
    v.description(
      "The same for Path and Domain of cookies. A cookie for the whole server (Path=/) stays so, unless it is to be the mount's alone (narrow). Default: as locations.",
    ),
  ),
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

/** These settings, defaults filled in. */
export type BackendSettings = v.InferOutput<typeof backendObject>

const backendObject = v.strictObject(backendEntries)

/** The mount that speaks to a server, as errors and the log name it. */
export interface BackendUser {
  /** Its key in the configuration: `/shop`. */
  readonly key: string
  /** Its settings' place in the configuration: `mounts./shop`. */
  readonly path: string
  /** Relative paths in its settings start here. */
  readonly directory: string
  readonly log: Log
}

/** Seconds: node:http drops connections after 5 s, and a server that closes first costs a request. */
const KEEP_ALIVE = 4

/**
 * The options of a mount's targets that speak `protocol`. Connections to what runs scripts are not kept unless that is asked for, as by other
 * hosts (`Protocol.scripts`).
 */
export function backendOptions(settings: BackendSettings, user: BackendUser, protocol: Protocol): BackendOptions {
  const { keepAlive = protocol.scripts ? 0 : KEEP_ALIVE } = settings
  const { ca, secret, packetSize, forwarded, hostHeader: host, keepPrefix } = settings
  return {
    times: {
      connect: settings.connectTimeout * 1000,
      firstByte: settings.firstByteTimeout * 1000,
      idle: settings.idleTimeout * 1000,
    },
    connections: settings.connections,
    keepAlive: keepAlive * 1000,
    allowVariables: settings.allowVariables,
    protocol: { secret, packetSize },
    fields: { forwarded, host, keepPrefix },
    tls: {
      ca: ca === undefined ? undefined : resolve(user.directory, ca),
      verify: settings.verify,
      serverName: settings.serverName,
      path: `${user.path}.ca`,
    },
    log: user.log,
    mount: user.key,
  }
}

/**
 * What maps the URLs of a mount's servers, which have `path` in their addresses; undefined when nothing is to be mapped.
 * @param names the servers as they are now
 */
export function wayBackOf(
  settings: Pick<BackendSettings, 'locations' | 'cookies' | 'keepPrefix' | 'hostHeader'>,
  user: BackendUser,
  path: string,
  names: () => readonly OwnName[],
): WayBack | undefined {
  const locations = settings.locations ?? (path === '' ? 'pass' : 'map')
  const { cookies = locations, keepPrefix, hostHeader: host } = settings
  if (locations === 'pass' && cookies === 'pass') return undefined
  const { log, key: mount } = user
  return new WayBack({ path, keepPrefix, host, locations: locations === 'map', cookies, names, log, mount })
}
