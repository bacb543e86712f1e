// A Node handler, and WebSockets that send back what they get.
import { pipeline } from 'node:stream/promises'
import { WebSocketServer } from 'ws'
import { answer, headers } from './answers.mjs'

export async function handler(request, response) {
  const { pathname, search } = new URL(request.url, 'http://any')
  response.writeHead(200, headers)
  // Who goes away meanwhile is of no interest here.
  await pipeline(answer(pathname, search.slice(1), request), response).catch(() => response.destroy())
}

const sockets = new WebSocketServer({ noServer: true })

export function upgrade(request, socket, head) {
  sockets.handleUpgrade(request, socket, head, (one) => one.on('message', (data, binary) => one.send(data, { binary })))
}
