// The environ, checked. The lines with ## are the specification: docs/interface.md is made of them.
import { demandFor, show, type Demand } from './lint-error.ts'

const REQUIRED = [
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'wsgi.version',
  'wsgi.url_scheme',
  'wsgi.input',
  'wsgi.errors',
  'wsgi.multithread',
  'wsgi.multiprocess',
  'wsgi.run_once',
]

// ## ## The environ
// ##
// ## What an app is called with: the CGI variables of the request (RFC 3875 4.1) and the `wsgi.` keys, as PEP 3333 has them.
// ## Who breaks one of these rules is the gateway, or middleware around the app.

/** @throws {LintError} LINT_ENVIRON, the gateway's fault. */
export function checkEnviron(given: unknown): void {
  const demand: Demand = demandFor('LINT_ENVIRON', 'gateway')
  // ##
  // ## - It is an object, no array, and the app may change it: it belongs to the app.
  demand(
    typeof given === 'object' && given !== null && !Array.isArray(given),
    () => `the environ is ${show(given)}, not an object`,
  )
  demand(Object.isExtensible(given), 'the environ cannot be changed: the app owns it, so do not freeze it')
  const environ = given as Record<string, unknown>
  // ## - These keys are always there: `REQUEST_METHOD`, `SCRIPT_NAME`, `PATH_INFO`, `QUERY_STRING`, `SERVER_NAME`, `SERVER_PORT`,
  // ##   `SERVER_PROTOCOL`, `wsgi.version`, `wsgi.url_scheme`, `wsgi.input`, `wsgi.errors`, `wsgi.multithread`, `wsgi.multiprocess`,
  // ##   `wsgi.run_once`.
  for (const key of REQUIRED) demand(environ[key] !== undefined, `the environ has no ${key}`)
  for (const key of Object.keys(environ)) {
    // ## - The value of every key without a dot is a native string: each character is one byte, U+0000 to U+00FF.
    // ##   `decodePathInfo` reads one as UTF-8. Keys with a dot are extensions and may hold anything.
    if (key.includes('.')) continue
    const value = environ[key]
    if (value === undefined) continue
    demand(typeof value === 'string', () => `${key} is ${show(value)}, not a string`)
    demand(
      !/[^\0-\xff]/.test(value),
      () => `${key} is ${show(value)}: a character beyond latin-1 is no byte; encode it (encodePathInfo)`,
    )
  }
  checkRequest(environ as Record<string, string>, demand)
  checkWsgi(environ, demand)
}

function checkRequest(environ: Record<string, string>, demand: Demand): void {
  const {
    REQUEST_METHOD: method,
    SCRIPT_NAME: script,
    PATH_INFO: info,
    QUERY_STRING: query,
    CONTENT_LENGTH: length,
  } = environ
  // ## - `REQUEST_METHOD` is a token, such as `GET`.
  demand(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method!), () => `REQUEST_METHOD is ${show(method)}, not a token`)
  // ## - `SCRIPT_NAME`, the part of the path that leads to the app, is empty or begins with `/`. It is not `/` alone: then it is
  // ##   empty, and `PATH_INFO` is `/`.
  demand(script !== '/', "SCRIPT_NAME cannot be '/': make it '' and PATH_INFO '/'")
  demand(
    script === '' || script!.startsWith('/'),
    () => `SCRIPT_NAME is ${show(script)}: it must be empty or begin with '/'`,
  )
  // ## - `PATH_INFO`, the rest of the path, decoded once, is empty or begins with `/`. Both are empty only for `OPTIONS *`.
  demand(info === '' || info!.startsWith('/'), () => `PATH_INFO is ${show(info)}: it must be empty or begin with '/'`)
  const named = script !== '' || info !== '' || method === 'OPTIONS'
  demand(named, "SCRIPT_NAME and PATH_INFO are both empty: at the root PATH_INFO is '/'")
  // ## - `QUERY_STRING` has no `?` in front; it is empty when there is no query.
  demand(
    !query!.startsWith('?') || environ.REQUEST_URI?.includes('??') === true,
    () => `QUERY_STRING is ${show(query)}: leave out the '?'`,
  )
  // ## - `SERVER_NAME` is not empty, `SERVER_PORT` is a number, `SERVER_PROTOCOL` is like `HTTP/1.1`.
  demand(environ.SERVER_NAME !== '', 'SERVER_NAME is empty')
  demand(/^[0-9]{1,5}$/.test(environ.SERVER_PORT!), () => `SERVER_PORT is ${show(environ.SERVER_PORT)}, not a number`)
  const protocol = environ.SERVER_PROTOCOL!
  demand(/^HTTP\/[0-9](?:\.[0-9])?$/.test(protocol), () => `SERVER_PROTOCOL is ${show(protocol)}, not like HTTP/1.1`)
  // ## - `CONTENT_LENGTH` is a number, or not there; it is never empty.
  demand(length === undefined || /^[0-9]+$/.test(length), () => `CONTENT_LENGTH is ${show(length)}, not a number`)
  // ## - Header fields are `HTTP_…` keys. Content-Type and Content-Length are `CONTENT_TYPE` and `CONTENT_LENGTH` alone, and a client's
  // ##   `Proxy` field never becomes `HTTP_PROXY` (httpoxy).
  for (const key of ['HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH']) {
    demand(environ[key] === undefined, `the environ has ${key}: use ${key.slice(5)} instead`)
  }
  demand(
    environ.HTTP_PROXY === undefined,
    'the environ has HTTP_PROXY: programs take it for a setting, so a client must not set it',
  )
}

function checkWsgi(environ: Record<string, unknown>, demand: Demand): void {
  const { 'wsgi.version': version, 'wsgi.url_scheme': scheme } = environ
  // ## - `wsgi.version` is `[1, 0]`, `wsgi.url_scheme` is `http` or `https`.
  const right = Array.isArray(version) && version.length === 2 && version[0] === 1 && version[1] === 0
  demand(right, () => `wsgi.version is ${show(version)}, not [1, 0]`)
  demand(scheme === 'http' || scheme === 'https', () => `wsgi.url_scheme is ${show(scheme)}, neither http nor https`)
  // ## - `wsgi.input` has the methods `read`, `readline`, `readlines`, and is an async iterable; `wsgi.errors` has `write`,
  // ##   `writelines` and `flush`.
  const input = environ['wsgi.input'] as Record<PropertyKey, unknown>
  for (const name of ['read', 'readline', 'readlines', Symbol.asyncIterator]) {
    demand(typeof input[name] === 'function', `wsgi.input has no method ${String(name)}`)
  }
  const errors = environ['wsgi.errors'] as Record<string, unknown>
  for (const name of ['write', 'writelines', 'flush']) {
    demand(typeof errors[name] === 'function', `wsgi.errors has no method ${name}`)
  }
  // ## - `wsgi.multithread`, `wsgi.multiprocess`, `wsgi.run_once` are true or false. `wsgi.multithread` is true where a call may begin
  // ##   before the one before it has finished, which is so in every server on Node.js.
  for (const key of ['wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once']) {
    demand(typeof environ[key] === 'boolean', () => `${key} is ${show(environ[key])}, not true or false`)
  }
  // ## - Where they are there, `wsgi.input_terminated` is true or false (true: `wsgi.input` ends by itself, so an app may read a body
  // ##   without `CONTENT_LENGTH`), `wsgi.file_wrapper` and `wsgi.early_hints` are functions, `sidegate.signal` is an AbortSignal that fires when the
  // ##   client goes away, and `sidegate.upgrade` is a function.
  const { 'wsgi.input_terminated': terminated, 'wsgi.file_wrapper': wrapper } = environ
  demand(terminated === undefined || typeof terminated === 'boolean', 'wsgi.input_terminated is not true or false')
  demand(wrapper === undefined || typeof wrapper === 'function', 'wsgi.file_wrapper is not a function')
  const hints = environ['wsgi.early_hints']
  demand(hints === undefined || typeof hints === 'function', 'wsgi.early_hints is not a function')
  const signal = environ['sidegate.signal']
  const upgrade = environ['sidegate.upgrade']
  demand(upgrade === undefined || typeof upgrade === 'function', 'sidegate.upgrade is not a function')
  demand(signal === undefined || signal instanceof AbortSignal, 'sidegate.signal is not an AbortSignal')
}
