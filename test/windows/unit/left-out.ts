// What of the unit part of the tests is not run on Windows, each with the reason. An entry that fits no test is an error.

const UNIX_SOCKETS = 'Unix sockets'
const DESCRIPTORS = 'sockets that are handed down by their number'
const UNIX_PROGRAMS = 'programs of Linux: /bin/sh, openssl, a web server, another server to compare with'
const UNIX_SCRIPTS = 'CGI scripts that Linux starts by their first line'
const LINKS = 'Wine makes no symbolic links'
const PROC = 'files that are open are looked up in /proc'
const OPEN_FILES = 'a file that somebody has open is not replaced'
const MODES = 'the generated text has the defaults of Linux'
const DRAIN = 'under Wine a drain begins a moment later: not looked into'
const RESETS = 'Wine and Linux tell of a reset in another order'

/** The folders that are run. */
export const FOLDERS: readonly string[] = [
  'core',
  'interface',
  'config',
  'wire',
  'mounts',
  'node',
  'fetch',
  'listen',
  'upstream',
  'websocket',
  'hosts',
]

/** Whole files. */
export const FILES_LEFT_OUT: Readonly<Record<string, string>> = {
  'listen/files-max.test.ts': UNIX_PROGRAMS,
  'listen/inherited.test.ts': DESCRIPTORS,
  'listen/unix-socket.test.ts': UNIX_SOCKETS,
  'listen/proxy-protocol.test.ts': UNIX_SOCKETS,
  'mounts/response-fields.test.ts': UNIX_SCRIPTS,
  'upstream/conformance.test.ts': UNIX_SOCKETS,
  'upstream/php.test.ts': UNIX_PROGRAMS,
  'upstream/scripts.test.ts': UNIX_PROGRAMS,
  'upstream/tomcat.test.ts': UNIX_PROGRAMS,
  'websocket/events.test.ts': UNIX_PROGRAMS,
  'wire/http-differential.test.ts': UNIX_PROGRAMS,
  'hosts/ajp.test.ts': UNIX_PROGRAMS,
  'hosts/apache-several.test.ts': UNIX_PROGRAMS,
  'hosts/broken-off.test.ts': UNIX_PROGRAMS,
  'hosts/mounted.test.ts': UNIX_PROGRAMS,
  'hosts/nginx.test.ts': UNIX_PROGRAMS,
  'hosts/nginx-repair.test.ts': UNIX_PROGRAMS,
  'hosts/nginx-stock.test.ts': UNIX_PROGRAMS,
  'hosts/user.test.ts': UNIX_PROGRAMS,
}

/** Tests: the file, a part of the full name (describe blocks and test, joined by spaces), the reason. */
export const TESTS_LEFT_OUT: readonly (readonly [file: string, name: RegExp, reason: string])[] = [
  ['hosts/configs.test.ts', / checked /, UNIX_PROGRAMS],
  ['hosts/nginx-render.test.ts', /^check /, UNIX_PROGRAMS],
  ['hosts/nginx-render.test.ts', /unix:run\/s\.sock/, UNIX_SOCKETS],
  ['hosts/trust.test.ts', /unix:run\/s\.sock/, UNIX_SOCKETS],
  ['listen/drain.test.ts', /over a Unix socket|^unix: /, UNIX_SOCKETS],
  ['listen/http-connection.test.ts', /HTTP\/1\.0, and nginx as a proxy|^a host that hands Expect on/, UNIX_SOCKETS],
  ['listen/http-connection.test.ts', /^draining, the request in flight/, DRAIN],
  ['listen/stream.test.ts', /^drain lets requests in flight end/, DRAIN],
  ['listen/bind.test.ts', /Unix socket|a file that is no socket|a TCP port in use|an unknown owner/, UNIX_SOCKETS],
  ['listen/limits.test.ts', /\bunix\b|over a Unix socket/, UNIX_SOCKETS],
  ['listen/limits.test.ts', /^a client that is answered early and gives up its upload/, RESETS],
  ['listen/multiplex.test.ts', /uploads and downloads at once|requests share a connection there/, UNIX_PROGRAMS],
  ['listen/recognise.test.ts', /^one address takes|^uWSGI switches/, UNIX_SOCKETS],
  ['config/config.test.ts', /^relative socket paths/, UNIX_SOCKETS],
  ['config/document.test.ts', /^docs\/config\.md/, MODES],
  ['config/endless.test.ts', /a link to a device/, LINKS],
  ['mounts/files.test.ts', /\/in\.txt|followSymlinks|a folder that is a link/, LINKS],
  ['mounts/files.test.ts', /^a file that is replaced under way/, OPEN_FILES],
  ['mounts/files.test.ts', /when file descriptors run out/, UNIX_PROGRAMS],
  ['node/as-node.test.ts', /tells that the client resets/, RESETS],
  ['upstream/early-answer.test.ts', /over unix|^a FastCGI connection that took no more/, UNIX_SOCKETS],
  ['upstream/http.test.ts', /^a Unix socket/, UNIX_SOCKETS],
  ['upstream/slow-bodies.test.ts', /^a client that leaves while its body is taken/, PROC],
  ['upstream/other-path.test.ts', /^a Unix socket/, UNIX_SOCKETS],
  ['upstream/http.test.ts', /^https: the certificate/, UNIX_PROGRAMS],
  ['websocket/layers.test.ts', /of a CGI script/, UNIX_SCRIPTS],
]
