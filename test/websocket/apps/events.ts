// Server-sent events, each made only when the test asks for it by a second request.
import type { IncomingMessage, ServerResponse } from 'node:http'

const waiting = new Map<string, () => void>()

export default async function events(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
  const name = searchParams.get('name')!
  if (pathname === '/next') {
    const go = waiting.get(name)
    response.statusCode = go ? 200 : 409
    response.end()
    go?.()
    return
  }
  // For nginx where it collects responses, as the shipped configs have it for mounts with workers.
  if (searchParams.has('unbuffered')) response.setHeader('X-Accel-Buffering', 'no')
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  for (let count = 1; count <= 3; count++) {
    const asked = new Promise<void>((resolve) => waiting.set(name, resolve))
    response.write(`id: ${count}\ndata: event ${count}\n\n`)
    await asked
  }
  response.end()
}
