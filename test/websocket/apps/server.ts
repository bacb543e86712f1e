// A server as one would start it, exported without listening: WebSockets by its `upgrade` event.
import { createServer } from 'node:http'
import { note } from './notes.ts'
import { talk, webSockets } from './talk.ts'

const server = createServer((request, response) => {
  response.setHeader('X-Saw-Upgrade', request.headers.upgrade ?? 'none')
  response.end(`ordinary ${request.url}`)
})

server.on('upgrade', (request, socket, head) => {
  const { pathname, searchParams } = new URL(request.url!, 'ws://localhost')
  if (pathname === '/destroy') return void socket.destroy()
  if (pathname === '/refuse') {
    return void socket.end(
      'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 6\r\nX-Why: test\r\n\r\nnot me',
    )
  }
  if (pathname === '/throw') throw new Error('thrown by the upgrade listener')
  note(`${searchParams.get('name')}: from ${request.socket.remoteAddress}`)
  webSockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, searchParams.get('name') ?? '?'))
})

export default server
