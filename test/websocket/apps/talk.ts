// What the server side of every WebSocket of these tests does: it echoes, and obeys a few words.
import { WebSocketServer, type WebSocket } from 'ws'
import { note } from './notes.ts'

/** A server without a listener of its own, as for an `upgrade` event. */
export const webSockets: WebSocketServer = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  handleProtocols: (offered) => (offered.has('chat.v2') ? 'chat.v2' : false),
})

/** `name`: the client's own, for the notes. */
export function talk(socket: WebSocket, name: string): void {
  socket.on('message', (data, binary) => {
    const text = binary ? '' : String(data)
    if (text === 'close') socket.close(4002, 'as you like')
    else if (text === 'terminate') socket.terminate()
    else if (text === 'ping') socket.ping('are you there')
    else socket.send(data, { binary })
  })
  socket.on('pong', (data) => note(`${name}: pong ${data}`))
  socket.on('close', (code, reason) => note(`${name}: closed ${code} ${reason}`))
}
