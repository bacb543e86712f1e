// Addresses as they are written in the configuration: HOST:PORT, unix:PATH or pipe:NAME, and for listeners fd:N, systemd: or stdin:, with or
// without a protocol in front.
import { isIP } from 'node:net'
import { ConfigError } from './errors.ts'
import { isWindows } from './file-names.ts'
import { visible } from './line.ts'
import { everyProtocol } from './wire/index.ts'

/** What every web server can connect to. */
export type SocketEndpoint = { kind: 'tcp'; host: string; port: number } | UnixEndpoint

/** A Unix socket. */
export interface UnixEndpoint {
  kind: 'unix'
  path: string
}

/** A named pipe of Windows: `name` is what stands behind `\\\\.\\pipe\\`. Windows tells no case in it. */
export interface PipeEndpoint {
  kind: 'pipe'
  name: string
}

/** Where to connect, or where a listener is. */
export type Endpoint = SocketEndpoint | PipeEndpoint

/**
 * What whoever started this process has made: a listening socket by its number; those of systemd, all or one by name; or one connection,
 * which is standard input.
 */
export type Inherited = { kind: 'fd'; fd: number } | { kind: 'systemd'; name: string | undefined } | { kind: 'stdin' }

/** Where to listen. */
export interface ListenAddress {
  /** As of Address. */
  readonly protocol: string | undefined
  readonly endpoint: Endpoint | Inherited
}

/** An address: an endpoint, and the one protocol it is restricted to, if any. */
export interface Address {
  /** `http`, `uwsgi`, …; undefined: recognised by the connection's first bytes. */
  readonly protocol: string | undefined
  readonly endpoint: Endpoint
}

/** The protocols an address may name. */
export const protocolNames: readonly string[] = everyProtocol.map(({ name }) => name)

/**
 * Reads an address to listen on: one to connect to, `fd:N`, `systemd:`, `systemd:NAME` or `stdin:`, with or without a protocol in front.
 * Over `stdin:` FastCGI is spoken, which need not be said.
 * @param path the setting's place, for the error
 * @throws {ConfigError} ADDRESS_BAD
 */
export function parseListenAddress(text: string, path: string): ListenAddress {
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(fd|systemd|stdin):(.*)$/.exec(text)
  if (!match) return parseAddress(text, path)
  const [, scheme, kind, rest = ''] = match
  const protocol = scheme === undefined ? undefined : knownProtocol(scheme, text, path)
  if (kind === 'stdin') {
    if (rest !== '') throw bad(path, `${JSON.stringify(text)} has something after stdin:`)
    if (protocol !== undefined && protocol !== 'fastcgi')
      throw bad(path, `${JSON.stringify(text)}: over standard input a web server speaks fastcgi, not ${protocol}`)
    return { protocol: 'fastcgi', endpoint: { kind } }
  }
  if (kind === 'systemd') return { protocol, endpoint: { kind, name: rest === '' ? undefined : rest } }
  if (!/^[0-9]{1,4}$/.test(rest)) throw bad(path, `${JSON.stringify(text)} has no number after fd:`)
  return { protocol, endpoint: { kind: 'fd', fd: Number(rest) } }
}

function knownProtocol(scheme: string, text: string, path: string): string {
  const protocol = scheme.toLowerCase()
  if (protocolNames.includes(protocol)) return protocol
  throw bad(path, `${JSON.stringify(text)} names the protocol ${protocol}; known are ${protocolNames.join(', ')}`)
}

/**
 * Reads an address to connect to.
 * @param text such as `127.0.0.1:3031`, `uwsgi://[::1]:3031`, `http://unix:/run/s.sock`, `fastcgi://pipe:sidegate`
 * @param path the setting's place, for the error
 * @throws {ConfigError} ADDRESS_BAD
 */
export function parseAddress(text: string, path: string): Address {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)
  const protocol = scheme ? knownProtocol(scheme[1]!, text, path) : undefined
  const rest = scheme ? text.slice(scheme[0].length).replace(/\/$/, '') : text
  return { protocol, endpoint: parseEndpoint(rest, text, path) }
}

function parseEndpoint(rest: string, text: string, path: string): Endpoint {
  if (rest.startsWith('unix:')) {
    const file = rest.slice('unix:'.length)
    if (file === '') throw bad(path, `${JSON.stringify(text)} has no path after unix:`)
    if (visible(file) !== file) throw bad(path, `the socket path ${visible(file)} has control characters`)
    // sun_path of Linux holds 107 bytes and a NUL; longer ones are cut by the system, silently.
    if (Buffer.byteLength(file) > 107)
      throw bad(path, `the socket path ${file} is longer than the 107 bytes that a system allows`)
    return { kind: 'unix', path: file }
  }
  if (rest.startsWith('pipe:')) return { kind: 'pipe', name: pipeName(rest.slice('pipe:'.length), text, path) }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:/[\]]+)):([0-9]{1,5})$/.exec(rest)
  const port = Number(match?.[3])
  if (!match || port > 65535) {
    const scheme = text.slice(0, text.indexOf(rest))
    const hint = /^:?[0-9]+$/.test(rest)
      ? `write ${scheme}127.0.0.1:${rest.replace(':', '')}`
      : rest.startsWith('/')
        ? `write ${scheme}unix:${rest}`
        : rest.startsWith('\\\\')
          ? `write ${scheme}pipe:NAME`
          : /^(?:\[[^\]]*\]|[^:/[\]\\]+):[^:/\]\\]*$/.test(rest)
            ? 'a port is a number up to 65535'
            : 'write HOST:PORT, unix:PATH or pipe:NAME, with PROTOCOL:// in front to allow only that one'
    throw bad(path, `${JSON.stringify(text)} is no address: ${hint}`)
  }
  return { kind: 'tcp', host: match[1] ?? match[2]!, port }
}

/** Before the name, as the system has it. */
const PIPES = '\\\\.\\pipe\\'

// CreateNamedPipe: any character but a backslash, 256 in all. The rest would be other names by the time they get there: Windows takes / for a
// backslash in them, and dots and spaces off their end.
const PIPE_NAME = /^[^\\/:*?"<>|\p{Cc}]{0,246}[^\\/:*?"<>|\p{Cc}. ]$/u

function pipeName(words: string, text: string, path: string): string {
  const shown = JSON.stringify(text)
  if (words === '') throw bad(path, `${shown} has no name after pipe:`)
  const name = words.toLowerCase().startsWith(PIPES) ? words.slice(PIPES.length) : words
  if (name.startsWith('\\\\'))
    throw bad(path, `${shown} is the pipe of another machine: write pipe:NAME for one of this machine, or HOST:PORT`)
  if (!PIPE_NAME.test(name)) {
    const rule = 'up to 247 characters without any of \\ / : * ? " < > |, and no dot or space at its end'
    throw bad(path, `${shown} has no name of a pipe: ${rule}`)
  }
  return name
}

/**
 * Refuses what this system does not have.
 * @param path the setting's place
 * @throws {ConfigError} ADDRESS_SYSTEM for a named pipe anywhere but on Windows, and there for Unix sockets and what is handed down
 */
export function checkSystem(
  endpoint: Endpoint | Inherited,
  path: string,
  platform: NodeJS.Platform = process.platform,
): void {
  const message = isWindows(platform) ? missingOnWindows(endpoint) : missingElsewhere(endpoint, platform)
  if (message !== undefined) throw new ConfigError('ADDRESS_SYSTEM', path, message)
}

function missingElsewhere(endpoint: Endpoint | Inherited, platform: NodeJS.Platform): string | undefined {
  if (endpoint.kind !== 'pipe') return undefined
  return `pipe:${endpoint.name} is a named pipe, which Windows has and this system (${platform}) has not: write unix:PATH or HOST:PORT`
}

function missingOnWindows(endpoint: Endpoint | Inherited): string | undefined {
  switch (endpoint.kind) {
    case 'unix': {
      // The last part of its path, without its ending.
      const name = /([^\\/]+?)(?:\.[^.\\/]*)?$/.exec(endpoint.path)?.[1] ?? 'NAME'
      return `unix:${endpoint.path} is a Unix socket, which Node.js has not on Windows: write pipe:${name} or HOST:PORT`
    }
    case 'fd':
      return `fd:${endpoint.fd} is a socket of whoever started this process, which Windows hands nobody by a number: write pipe:NAME or HOST:PORT`
    case 'systemd':
      return 'systemd: is for the sockets of systemd, which Windows has not: write pipe:NAME or HOST:PORT'
    default:
      return undefined
  }
}

function bad(path: string, message: string): ConfigError {
  return new ConfigError('ADDRESS_BAD', path, message)
}

/** An endpoint as node:net takes it to connect to. */
export function socketAddress(endpoint: UnixEndpoint | PipeEndpoint): { path: string }
export function socketAddress(endpoint: Endpoint): { path: string } | { host: string; port: number }
export function socketAddress(endpoint: Endpoint): { path: string } | { host: string; port: number } {
  if (endpoint.kind === 'tcp') return { host: endpoint.host, port: endpoint.port }
  return { path: endpoint.kind === 'pipe' ? PIPES + endpoint.name : endpoint.path }
}

/** An endpoint as it is written: `127.0.0.1:3031`, `[::1]:3031`, `unix:/run/s.sock`, `pipe:sidegate`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'pipe') return `pipe:${endpoint.name}`
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}

/** An address as it is written, with its protocol when it names one. */
export function formatAddress({ protocol, endpoint }: Address): string {
  return protocol === undefined ? formatEndpoint(endpoint) : `${protocol}://${formatEndpoint(endpoint)}`
}

/**
 * True when only this machine can connect: a Unix socket or a loopback address. So it is with a named pipe that is open to its owner: others than
 * this machine reach it as the owner or an administrator, who may do anything here.
 */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind !== 'tcp') return true
  const { host } = endpoint
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
