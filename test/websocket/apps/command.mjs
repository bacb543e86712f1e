// A command that echoes WebSockets at the place that it is given.
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data) => socket.send(String(data)))
})
server.listen(process.argv[2])
