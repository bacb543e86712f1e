// Hands a connection to the process that follows, between two requests and with nothing of it left here.
import { Socket, type Server, type SocketConstructorOpts } from 'node:net'
import type { RawHandle, Succession } from '../succession.ts'
import type { Incoming } from './incoming.ts'

/** A socket as the system has it; undefined once it is closed. */
export function handleOf(socket: Socket | Server): RawHandle | undefined {
  return (socket as unknown as { _handle?: RawHandle | null })._handle ?? undefined
}

/** A socket for what another process had: it reads on. */
export function socketOf(handle: RawHandle): Socket {
  return new Socket({ handle, readable: true, writable: true, allowHalfOpen: true } as unknown as SocketConstructorOpts)
}

/** Hands it over, unless something is under way on it. @returns whether it did */
export function passOn(incoming: Incoming, listener: string, succession: Succession): boolean {
  const { socket, connection, client } = incoming
  const handle = handleOf(socket)
  if (!handle || incoming.passed || !rests(incoming)) return false
  incoming.passed = true
  // What comes from now on stays with the system, for whoever reads next.
  handle.readStop()
  socket.setTimeout(0)
  connection?.leave()
  const begun = incoming.begun && incoming.header === undefined
  succession.pass({ listener, protocol: incoming.protocol, begun, client }, handle, () => socket.destroy())
  return true
}

function rests({ socket, connection, begun, header, undecided, refused }: Incoming): boolean {
  if (socket.readyState !== 'open' || socket.readableLength > 0 || socket.writableLength > 0 || refused) return false
  if (connection) return connection.resting
  return !begun || (header === undefined && undecided === undefined)
}
