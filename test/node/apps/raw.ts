// Node handlers that do one thing each.
import type { IncomingMessage, ServerResponse } from 'node:http'

type Handler = (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => unknown

/** What a handler saw, for tests that ask afterwards. */
export const seen: string[] = []

/** Handlers that wait for the test wait for this. */
export let gate: Promise<void> = Promise.resolve()

/** Closes the gate; gives what opens it. */
export function closeGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  gate = promise
  return resolve
}

export const hello: Handler = (_, response) => response.end('Hello')
export const headed: Handler = (_, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  response.end('Hello')
}
export const facts: Handler = (request, response) => {
  const { method, url, originalUrl, headers, rawHeaders, httpVersion, complete } = request
  const { remoteAddress, remotePort, localPort, remoteFamily } = request.socket
  const encrypted = (request.socket as { encrypted?: boolean }).encrypted
  const socket = { remoteAddress, remotePort, localPort, remoteFamily, encrypted }
  response.end(JSON.stringify({ method, url, originalUrl, headers, rawHeaders, httpVersion, complete, socket }))
}
export const events: Handler = async (_, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.flushHeaders()
  await gate
  response.write('data: 1\n\n')
  await gate
  response.end()
}
export const raises: Handler = () => {
  throw new Error('sync')
}
export const rejects: Handler = async () => {
  throw new Error('async')
}
export const raisesLate: Handler = async (_, response) => {
  response.write('part')
  await new Promise(setImmediate)
  throw new Error('late')
}
export const destroys: Handler = async (request, response) => {
  response.write('part')
  await new Promise(setImmediate)
  if (request.url === '/request') request.destroy()
  else if (request.url === '/socket') request.socket.destroy()
  else if (request.url === '/end') request.socket.end()
  else response.destroy(new Error('why'))
}
export const destroysFirst: Handler = (_, response) => response.destroy()
export const endsAndDestroys: Handler = (_, response) => response.end('all of it').destroy()
export const rawSocket: Handler = (request) => request.socket.write('HTTP/1.1')
export const tooLong: Handler = (_, response) => {
  response.setHeader('Content-Length', 3)
  response.end('abcdef')
}
export const tooShort: Handler = (_, response) => {
  response.setHeader('Content-Length', 6)
  response.end('abc')
}
export const switches: Handler = (_, response) => response.writeHead(101, { Upgrade: 'x' }).end()
export const timesOut: Handler = (_, response) => {
  response.setTimeout(1)
}
export const timesOutHeard: Handler = (_, response) => {
  response.setTimeout(1, () => response.writeHead(503).end('late'))
}

/** Writes until it is told to wait; `seen` has how often. */
export const pours: Handler = (_, response) => {
  const block = Buffer.alloc(64 * 1024)
  let left = 100
  const more = (): void => {
    while (left > 0) {
      left--
      seen.push('write')
      if (!response.write(block)) {
        seen.push('wait')
        return
      }
    }
    response.end()
  }
  response.on('drain', () => {
    seen.push('drain')
    more()
  })
  more()
}

/** Writes down every event of request and response. */
export const watched: Handler = (request, response) => {
  for (const event of ['aborted', 'end', 'error', 'close']) request.on(event, () => seen.push(`req ${event}`))
  for (const event of ['finish', 'error', 'close']) {
    response.on(event, () =>
      seen.push(`res ${event}${event === 'close' ? ` finished=${response.writableFinished}` : ''}`),
    )
  }
  if (request.url === '/read') request.resume()
  if (request.url === '/answer') response.end('ok')
  else if (request.url !== '/hang') response.write('part')
}
