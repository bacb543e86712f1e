// Puts a server on its address. A stale Unix socket is replaced, a live one refused; permissions are right from the first
// moment; what the system refuses becomes one clear error.
import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect, type AddressInfo, type Server } from 'node:net'
import { dirname } from 'node:path'
import { ConfigError } from '../errors.ts'
import { formatEndpoint, type Endpoint } from './address.ts'
import { endpointOf } from './inherited.ts'
import { parseOwner } from './owner.ts'
import type { ListenerSettings } from './settings.ts'

/**
 * Starts listening.
 * @returns where the server listens: the endpoint with the port that the system chose, when 0 was asked for.
 * @throws {ConfigError} ADDRESS_IN_USE, ADDRESS_DENIED, ADDRESS_UNAVAILABLE
 */
export async function bind(
  server: Server,
  endpoint: Endpoint | { readonly kind: 'fd'; readonly fd: number },
  settings: ListenerSettings,
  path: string,
): Promise<Endpoint> {
  if (endpoint.kind === 'fd') return bindInherited(server, endpoint.fd, settings, path)
  if (endpoint.kind === 'unix') await prepareSocket(endpoint.path, path)
  const owner = settings.owner === undefined ? undefined : parseOwner(settings.owner, `${path}.owner`)
  const mode = Number.parseInt(settings.mode, 8)
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, endpoint, path))
    server.once('error', fail)
    server.once('listening', () => {
      server.off('error', fail)
      resolve()
    })
    const { backlog } = settings
    if (endpoint.kind === 'tcp') server.listen({ host: endpoint.host, port: endpoint.port, backlog })
    else {
      // The file is made inside listen(); the mask keeps others out until chmod has run.
      const mask = process.umask(0o777)
      try {
        server.listen({ path: endpoint.path, backlog })
      } finally {
        process.umask(mask)
      }
    }
  })
  if (endpoint.kind === 'unix') {
    try {
      if (owner) chownSync(endpoint.path, owner.uid, owner.gid)
      chmodSync(endpoint.path, mode)
    } catch (error) {
      server.close()
      throw explain(error as NodeJS.ErrnoException, endpoint, path)
    }
    return endpoint
  }
  return { ...endpoint, port: (server.address() as AddressInfo).port }
}

/** Accepts connections on a socket that was made by whoever started this process. */
async function bindInherited(
  server: Server,
  fd: number,
  { backlog }: ListenerSettings,
  path: string,
): Promise<Endpoint> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('listening', () => {
        server.off('error', reject)
        resolve()
      })
      server.listen({ fd, backlog })
    })
  } catch (error) {
    const message = `fd:${fd} is no listening socket that this process was started with: ${(error as Error).message}`
    throw new ConfigError('ADDRESS_UNAVAILABLE', path, message, { cause: error })
  }
  return endpointOf(server, fd)
}

/**
 * Makes room for a Unix socket: its folder, and no stale socket in its place.
 * @throws {ConfigError} ADDRESS_IN_USE when something answers there, or when it is no socket.
 */
async function prepareSocket(file: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    const found = lstatSync(file, { throwIfNoEntry: false })
    if (!found) return
    if (!found.isSocket()) {
      throw new ConfigError(
        'ADDRESS_IN_USE',
        path,
        `${file} exists and is no socket: move it away, or listen elsewhere`,
      )
    }
    if (await answers(file)) {
      throw new ConfigError(
        'ADDRESS_IN_USE',
        path,
        `unix:${file} is in use: another process answers there. Stop it, or listen elsewhere`,
      )
    }
    unlinkSync(file)
  } catch (error) {
    throw error instanceof ConfigError
      ? error
      : explain(error as NodeJS.ErrnoException, { kind: 'unix', path: file }, path)
  }
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(file)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
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
    const why =
      endpoint.kind === 'unix'
        ? 'this user may not make or own a socket there'
        : 'this user may not listen there (ports below 1024 need root or CAP_NET_BIND_SERVICE)'
    return new ConfigError('ADDRESS_DENIED', path, `${where}: permission denied: ${why}`)
  }
  return new ConfigError('ADDRESS_UNAVAILABLE', path, `${where}: cannot listen there: ${error.message}`, {
    cause: error,
  })
}
