// Puts a server on its address. What the system refuses becomes one clear error.
import { closeSync } from 'node:fs'
import type { AddressInfo, ListenOptions, Server } from 'node:net'
import { ConfigError } from '../errors.ts'
import { isWindows } from '../file-names.ts'
import { formatEndpoint, socketAddress, type Endpoint, type Inherited } from '../address.ts'
import { openStandardInput } from '../standard-input.ts'
import { endpointOf } from './inherited.ts'
import { parseOwner } from './owner.ts'
import type { ListenerSettings } from './settings.ts'
import type { HandedSocket } from '../succession.ts'
import {
  isThere,
  listenOnPath,
  ownerOfNew,
  releasePath,
  setAccess,
  type BoundSocket,
  type SocketFile,
  type SocketOptions,
} from '../unix-socket.ts'

/** Of a Unix socket: its owner and group may connect. */
const MODE = '0660'

/** A server that listens. */
export interface Bound {
  /** Where: with the port that the system chose, when 0 was asked for. */
  readonly endpoint: Endpoint
  /** The folder that was made for a Unix socket, because it was not there. */
  readonly folder?: string | undefined
  /** Resolves when no connection can come any more, as the only one there is has ended. */
  readonly ended?: Promise<void> | undefined
  /** A Unix socket in the file system. */
  readonly file?: SocketFile | undefined
  /** Removes the path of a Unix socket, so that nobody comes who could go elsewhere. Works twice. */
  leave(): void
  /** Accepts no more connections. Those that are there stay. Works twice. */
  close(): void
}

/** What a server can be put on: `systemd:` stands for several `fd`. */
export type BindEndpoint = Endpoint | Exclude<Inherited, { kind: 'systemd' }>

/**
 * Starts listening.
 * @param handed the socket of this address that a process before this one has made
 * @throws {ConfigError} ADDRESS_IN_USE, ADDRESS_DENIED, ADDRESS_UNAVAILABLE
 */
export async function bind(
  server: Server,
  endpoint: BindEndpoint,
  settings: ListenerSettings,
  path: string,
  handed?: HandedSocket,
): Promise<Bound> {
  if (endpoint.kind === 'stdin') return takeStandardInput(server, path)
  if (endpoint.kind === 'fd') {
    const found = await bindInherited(server, endpoint.fd, handed?.fd ?? endpoint.fd, settings, path)
    return { endpoint: found, leave: nothing, close: () => stop(server) }
  }
  try {
    if (endpoint.kind === 'tcp') {
      const where = handed ? { fd: handed.fd } : { host: endpoint.host, port: endpoint.port }
      await listen(server, where, settings.backlog)
      const { port } = server.address() as AddressInfo
      return { endpoint: { ...endpoint, port }, leave: nothing, close: () => stop(server) }
    }
    if (endpoint.kind === 'pipe') {
      const everyone = settings.access === 'everyone'
      const where = { ...socketAddress(endpoint), readableAll: everyone, writableAll: everyone }
      await listen(server, where, settings.backlog)
      return { endpoint, leave: nothing, close: () => stop(server) }
    }
    const owner = settings.owner === undefined ? undefined : parseOwner(settings.owner, `${path}.owner`)
    const options = { mode: Number.parseInt(settings.mode ?? MODE, 8), owner, backlog: settings.backlog }
    const { folder, file } = handed?.file
      ? await listenAgain(server, endpoint.path, { fd: handed.fd, file: handed.file }, options, path)
      : await listenOnPath(server, endpoint.path, options, path)
    const leave = (): void => {
      if (server.listening) releasePath(endpoint.path, file)
    }
    return { endpoint, folder, file, leave, close: () => stop(server) }
  } catch (error) {
    throw error instanceof ConfigError ? error : explain(error as NodeJS.ErrnoException, endpoint, path)
  }
}

/**
 * Accepts connections on a Unix socket that is there, with what the settings say of it now; on one of its own where somebody has taken the
 * path away.
 */
async function listenAgain(
  server: Server,
  socket: string,
  { fd, file }: { readonly fd: number; readonly file: SocketFile },
  options: SocketOptions,
  path: string,
): Promise<BoundSocket> {
  if (!isThere(socket, file)) {
    closeSync(fd)
    return listenOnPath(server, socket, options, path)
  }
  await listen(server, { fd }, options.backlog)
  setAccess(socket, { ...options, owner: options.owner ?? ownerOfNew(socket) })
  return { folder: undefined, file }
}

function nothing(): void {}

function stop(server: Server): void {
  if (server.listening) server.close()
}

/** For a number, Node.js takes the backlog only as an argument of its own. */
function listen(server: Server, where: ListenOptions & { readonly fd?: number }, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    server.listen(where, backlog)
  })
}

/** Has the server accept the one connection that this process was started with. */
async function takeStandardInput(server: Server, path: string): Promise<Bound> {
  try {
    const socket = await openStandardInput()
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    server.emit('connection', socket)
    return { endpoint: { kind: 'unix', path: '' }, ended, leave: nothing, close: nothing }
  } catch (error) {
    const message = `standard input is no connection: ${(error as Error).message}. IIS starts a FastCGI process with one`
    throw new ConfigError('ADDRESS_UNAVAILABLE', path, message, { cause: error })
  }
}

/** Accepts connections on a socket that was made by whoever started Sidegate. `name`: its number there, `fd`: its number here. */
async function bindInherited(
  server: Server,
  name: number,
  fd: number,
  { backlog }: ListenerSettings,
  path: string,
): Promise<Endpoint> {
  try {
    await listen(server, { fd }, backlog)
  } catch (error) {
    const message = `fd:${name} is no listening socket that this process was started with: ${(error as Error).message}`
    throw new ConfigError('ADDRESS_UNAVAILABLE', path, message, { cause: error })
  }
  return endpointOf(server, fd)
}

/** Why an address may be denied, for people. */
export function whyDenied(kind: Endpoint['kind'], platform?: NodeJS.Platform): string {
  switch (kind) {
    case 'unix':
      return 'this user may not make or own a socket there'
    case 'pipe':
      return 'this account may not make a pipe of that name'
    case 'tcp':
      return isWindows(platform)
        ? 'Windows keeps this port for itself or for one other program (netsh interface ipv4 show excludedportrange protocol=tcp lists what it keeps)'
        : 'this user may not listen there (ports below 1024 need root or CAP_NET_BIND_SERVICE)'
  }
}

function explain(error: NodeJS.ErrnoException, endpoint: Endpoint, path: string): ConfigError {
  const where = formatEndpoint(endpoint)
  if (error.code === 'EADDRINUSE') {
    return new ConfigError(
      'ADDRESS_IN_USE',
      path,
      `${where} is in use: another process listens there. Stop it, or listen elsewhere`,
    )
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new ConfigError('ADDRESS_DENIED', path, `${where}: permission denied: ${whyDenied(endpoint.kind)}`)
  }
  return new ConfigError('ADDRESS_UNAVAILABLE', path, `${where}: cannot listen there: ${error.message}`, {
    cause: error,
  })
}
