// A plain handler, and beside it the export that takes upgrades.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { talk, webSockets } from './talk.ts'

export default (request: IncomingMessage, response: ServerResponse): void => {
  response.end(`ordinary ${request.url}`)
}

export async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'ws://localhost')
  await Promise.resolve()
  if (pathname === '/throw') throw new Error('thrown by the upgrade function')
  if (pathname === '/destroy') return void socket.destroy()
  if (pathname === '/refuse') return void socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: test\r\n\r\nnot me')
  webSockets.handleUpgrade(request, socket, head, (webSocket) => talk(webSocket, searchParams.get('name') ?? '?'))
}
