// A connection to Sidegate. A Sidegate that is being restarted is waited for; one that is not there is started, where that is wanted.
import { connect, type Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { formatEndpoint, socketAddress, type Endpoint } from '../../../sidecar/address.ts'
import { UpstreamError } from '../../../sidecar/errors.ts'
import { greeted } from './greeting.ts'

/** Of one try: Node.js waits 30 s for a named pipe whose server is just closing. In milliseconds. */
const TRY_MS = 2000
/** For how long it is tried again: a service that is restarted is back by then. */
const PATIENCE_MS = 5000
const AGAIN_MS = 50

/** Sees to it that there is a Sidegate. */
export interface Starter {
  /** Resolves when one serves. @throws {UpstreamError} IIS_START */
  ensure(): Promise<void>
  /** Told that one answers. */
  found(): void
}

/**
 * @param patience as PATIENCE_MS, for tests
 * @throws {UpstreamError} IIS_NO_GATEWAY; what `starter` throws
 */
export async function connectTo(
  endpoint: Endpoint,
  starter?: Starter,
  patience: number = PATIENCE_MS,
): Promise<Socket> {
  let until = performance.now() + patience
  let started = false
  for (;;) {
    try {
      const socket = await tryOnce(endpoint)
      await greeted(socket).catch((error: unknown) => {
        socket.on('error', () => {}).destroy()
        throw error
      })
      starter?.found()
      return socket
    } catch (error) {
      if (starter && !started) {
        await starter.ensure()
        started = true
        until = performance.now() + patience
      } else if (performance.now() > until) throw noGateway(endpoint, started, error as Error)
      else await after(AGAIN_MS)
    }
  }
}

function noGateway(endpoint: Endpoint, started: boolean, cause: Error): UpstreamError {
  const where = formatEndpoint(endpoint)
  const message = started
    ? `the Sidegate that was started does not listen on ${where}: its \`listen\` has to name that address`
    : `nobody answers at ${where}: Sidegate does not run, or listens elsewhere`
  return new UpstreamError('IIS_NO_GATEWAY', message, 502, { cause })
}

function tryOnce(endpoint: Endpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...socketAddress(endpoint), noDelay: true })
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${TRY_MS / 1000} s`)), TRY_MS)
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
