// Whether somebody answers at the servers of a mount: connects, sends nothing, and closes.
import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { formatEndpoint, socketAddress, type Endpoint } from '../address.ts'
import type { Problem } from '../problem.ts'
import type { Server } from './server.ts'

/**
 * Tries one server.
 * @param milliseconds how long a connection may take
 * @param path the setting's place
 * @returns what is wrong; undefined when the server accepts connections
 */
export async function tryServer(server: Server, milliseconds: number, path: string): Promise<Problem | undefined> {
  const { endpoint, name } = server
  if (endpoint.kind === 'tcp') {
    const missing = await lookup(endpoint.host).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    )
    if (missing !== undefined) {
      return {
        code: 'UPSTREAM_NAME',
        path,
        message: `the name ${endpoint.host} of ${name} has no address (${missing})`,
      }
    }
  }
  const reason = await whyNot(endpoint, milliseconds)
  return reason === undefined
    ? undefined
    : { code: 'UPSTREAM_CONNECT', path, message: `cannot connect to ${name}: ${reason}` }
}

/** Why an endpoint accepts no connection; undefined when it does. `milliseconds` as above; 0: no limit. */
export function whyNot(endpoint: Endpoint, milliseconds: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketAddress(endpoint))
    const end = (reason: string | undefined): void => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(milliseconds, () => end(`no answer within ${milliseconds / 1000} s`))
    socket.on('connect', () => end(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => end(reasonOf(error, endpoint)))
  })
}

function reasonOf({ code, message }: NodeJS.ErrnoException, endpoint: Endpoint): string {
  const place = formatEndpoint(endpoint)
  switch (code) {
    case 'ENOENT':
      return `there is no socket ${place}: is the server running, and is this its socket?`
    case 'ECONNREFUSED':
      return `nobody listens on ${place}: is the server running?`
    case 'EACCES':
      return endpoint.kind === 'pipe'
        ? `the account that runs this may not open ${place}: its server lets only its own account in, and administrators`
        : `who runs this may not open ${place}: see its owner and mode`
    default:
      return code ?? message
  }
}
