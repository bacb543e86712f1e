// node:http closes a connection right behind the last response on it. What a client still sends of its request then makes the system
// reset the connection, and the client may lose the response that it has not read yet: such as the page that says why its upload was
// refused. So the closing waits: what comes is taken and thrown away, up to a bound.
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { RequestBody } from '../body.ts'
import { LINGER_BYTES, LIMITS } from './door.ts'

/** For a request with a body: closes its connection, when node:http wants to, without a reset. */
export function lingerBehind(request: IncomingMessage, body: RequestBody): void {
  const { socket } = request
  // Not the socket's own: that is this, for a request before on the same connection.
  const close = (): void => Socket.prototype.destroySoon.call(socket)
  socket.destroySoon = () => {
    if (request.complete || socket.destroyed) return close()
    body.discard()
    socket.end()
    socket.destroySoon = close
    const most = socket.bytesRead + LINGER_BYTES
    request.on('data', () => {
      if (socket.bytesRead > most) socket.destroy()
    })
    request.on('end', close)
    socket.setTimeout(LIMITS.linger, () => socket.destroy())
  }
}
