// Servers that are told about connections which they will not have.
import { createServer, type Server } from 'node:http'

const answer = (): Server => createServer((_, response) => response.end('answered'))

export const plain: Server = answer()
export const told: Server = answer()
told.keepAliveTimeout = 72_000
told.setTimeout(1000)
told.on('clientError', (_, socket) => socket.destroy())
