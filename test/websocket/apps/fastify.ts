// A Fastify instance whose own server takes upgrades, as its WebSocket plugins do it.
import fastify, { type FastifyInstance } from 'fastify'
import { talk, webSockets } from './talk.ts'

const instance: FastifyInstance = fastify()
instance.get('/', () => 'ordinary')
instance.server.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, 'fastify'))
})

export default instance
