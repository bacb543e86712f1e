// A server that takes some upgrades only (an option of Node.js 24.9), and two that take none.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { talk, webSockets } from './talk.ts'

const answer = (request: IncomingMessage, response: ServerResponse): void =>
  void response.end(`ordinary ${request.url}`)

const options: ServerOptions & { shouldUpgradeCallback: (request: IncomingMessage) => boolean } = {
  shouldUpgradeCallback: ({ url }) => url === '/yes',
}

export const choosy: Server = Object.assign(createServer(options, answer), options)
choosy.on('upgrade', (request, socket, head) => {
  webSockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, 'choosy'))
})

export const deaf: Server = createServer(answer)

export const handler = answer
export const upgrade = 'not a function'
