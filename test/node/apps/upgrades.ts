import { createServer, type Server } from 'node:http'

const server: Server = createServer()
server.on('upgrade', (_, socket) =>
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'),
)
export default server
