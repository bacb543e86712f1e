// The limit of a hop: passes the bytes of each connection on to a server and back, and reads none of them. No bounds, no errors: it is
// correct only for the requests of this bench. argv: its port, and the server's.
import { connect, createServer } from 'node:net'

const server = createServer({ noDelay: true }, (socket) => {
  const behind = connect({ port: Number(process.argv[3]), host: '127.0.0.1', noDelay: true })
  behind.on('data', (bytes) => socket.write(bytes))
  behind.on('close', () => socket.destroy())
  behind.on('error', () => {})
  socket.on('data', (bytes) => behind.write(bytes))
  socket.on('close', () => behind.destroy())
  socket.on('error', () => {})
})
server.listen(Number(process.argv[2]), '127.0.0.1')

process.on('SIGTERM', () => process.exit(0))
