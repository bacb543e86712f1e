// The environment of a script, built from nothing (RFC 3875 4.1): the variables that the RFC has, the few others that every CGI server
// gives, the header fields of the request, a PATH, and what the settings say. Nothing of the gateway's own environment, in which there
// are often passwords. Names are letters, digits and underscores: others cannot be used, and shells take some of them for code.
import { isWindows } from '../../file-names.ts'
import { environmentOf } from '../../processes/environment.ts'
import { PeerError } from '../../errors.ts'
import { sizeOf, VARIABLE_MAX } from '../../processes/variable-size.ts'
import { isSecure, type Variables } from '../../variables.ts'
import { nulInside } from '../../wire/keys.ts'
import type { Script } from './find.ts'
import type { CgiSettings } from './settings.ts'

/** Where the programs of a system are. */
function defaultPath(platform: NodeJS.Platform | undefined): string {
  if (!isWindows(platform)) return '/usr/local/bin:/usr/bin:/bin'
  const { SystemRoot: root = 'C:\\Windows' } = process.env
  return `${root}\\System32;${root}`
}

/** The PATH of scripts. */
export function scriptPath({ env }: Pick<CgiSettings, 'env'>, platform?: NodeJS.Platform): string {
  return environmentOf([env], platform).PATH ?? defaultPath(platform)
}

// Taken from the request as they are. Those of RFC 3875 4.1 that are not made below; then what Apache, lighttpd and nginx add.
const TAKEN: readonly string[] = [
  'AUTH_TYPE',
  'CONTENT_TYPE',
  'QUERY_STRING',
  'REMOTE_ADDR',
  'REMOTE_HOST',
  'REMOTE_IDENT',
  'REMOTE_USER',
  'REQUEST_METHOD',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'SERVER_SOFTWARE',
  'REMOTE_PORT',
  'REQUEST_URI',
  'REQUEST_SCHEME',
  'SERVER_ADDR',
]

const CREDENTIALS: ReadonlySet<string> = new Set(['HTTP_AUTHORIZATION', 'HTTP_PROXY_AUTHORIZATION'])

/**
 * The environment of a script; values are latin-1 strings, each character a byte.
 * @param length of the request body
 */
export function scriptVariables(
  variables: Variables,
  length: number,
  script: Script,
  { documentRoot, authorization }: Pick<CgiSettings, 'documentRoot' | 'authorization'>,
): Record<string, string> {
  const env: Record<string, string> = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    // 4.1.7: it is always there.
    QUERY_STRING: '',
    // php-cgi wants to be told that it was not called by a client (cgi.force_redirect).
    REDIRECT_STATUS: '200',
  }
  for (const name of TAKEN) if (variables[name]) env[name] = variables[name]
  for (const name in variables) {
    // The body comes without its chunks.
    if (!name.startsWith('HTTP_') || name === 'HTTP_TRANSFER_ENCODING' || !/^[A-Z0-9_]+$/.test(name)) continue
    if (authorization || !CREDENTIALS.has(name)) env[name] = variables[name]!
  }
  if (isSecure(variables)) env.HTTPS = 'on'
  env.SCRIPT_NAME = variables.SCRIPT_NAME! + script.name
  env.SCRIPT_FILENAME = latin1(script.file)
  // 4.1: empty and missing mean the same; programs that look for it without care find it.
  env.PATH_INFO = script.pathInfo
  if (documentRoot !== undefined) {
    env.DOCUMENT_ROOT = latin1(documentRoot)
    if (script.pathInfo !== '') env.PATH_TRANSLATED = latin1(documentRoot) + script.pathInfo
  }
  // 4.1.2.
  if (length > 0 || variables.CONTENT_LENGTH === '0') env.CONTENT_LENGTH = String(length)
  return env
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** How to start a script with its environment. */
export interface Invocation {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Record<string, string>
}

// Node.js writes an environment as UTF-8. A value with other bytes is set by a shell, from octal escapes, before it becomes the script: a name, and a
// piece of the value. What has no name goes in front of the next: a word of a command is no longer than a variable may be.
const SET_BYTES = `while [ "$1" != -- ]; do
  sidegate_piece=$(printf "$2x")
  sidegate_value=$sidegate_value\${sidegate_piece%x}
  [ -z "$1" ] || { export "$1=$sidegate_value"; sidegate_value=; }
  shift 2
done
shift
exec "$@"`
/** Bytes of a value in one piece: each takes up to four as an escape. */
const PIECE = VARIABLE_MAX / 4 - 1024

/**
 * On Windows an environment is text: bytes that are no UTF-8 are there as the latin-1 characters that they may have been meant for.
 * @param own the setting `env`
 * @throws {PeerError} VARIABLE_NUL, CGI_VARIABLE
 */
export function invocation(
  script: Script,
  values: Record<string, string>,
  own: Record<string, string>,
  platform?: NodeJS.Platform,
): Invocation {
  const env: Record<string, string> = environmentOf([{ PATH: defaultPath(platform) }, own], platform)
  const raw: string[] = []
  for (const [name, value] of Object.entries(values)) {
    if (value.includes('\0')) throw nulInside(name)
    if (sizeOf(name, value, 'latin1') > VARIABLE_MAX) throw tooLong(name)
    const bytes = Buffer.from(value, 'latin1')
    const text = bytes.toString('utf8')
    if (Buffer.byteLength(text) === bytes.length && Buffer.from(text).equals(bytes)) env[name] = text
    else if (isWindows(platform)) env[name] = value
    else raw.push(...pieces(name, bytes))
  }
  const [file = '', ...args] = script.command
  if (raw.length === 0) return { file, args, env }
  return { file: '/bin/sh', args: ['-c', SET_BYTES, 'sh', ...raw, '--', file, ...args], env }
}

/** The words for `SET_BYTES`. */
function pieces(name: string, bytes: Uint8Array): string[] {
  const words: string[] = []
  for (let at = 0; at < bytes.length; at += PIECE) {
    const escapes = Array.from(bytes.subarray(at, at + PIECE), (byte) => `\\${byte.toString(8).padStart(3, '0')}`)
    words.push(at + PIECE < bytes.length ? '' : name, escapes.join(''))
  }
  return words
}

function tooLong(name: string): PeerError {
  return new PeerError(
    'CGI_VARIABLE',
    `${name} is longer than a variable of a script may be, which is ${VARIABLE_MAX} bytes with its name`,
    431,
  )
}
