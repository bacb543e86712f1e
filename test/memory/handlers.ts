// As app.ts, by Node.js' and Fetch's ways.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

const BLOCK = Buffer.alloc(64 * 1024, 'x')

export async function node(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let received = 0
  for await (const bytes of request) received += (bytes as Buffer).length
  response.setHeader('Content-Length', received)
  Readable.from(blocks(received)).pipe(response)
}

export async function fetch(request: Request): Promise<Response> {
  let received = 0
  for await (const bytes of request.body!) received += (bytes as Uint8Array).byteLength
  const body = Readable.toWeb(Readable.from(blocks(received))) as unknown as ReadableStream
  return new Response(body, { headers: { 'content-length': String(received) } })
}

function* blocks(size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; left -= BLOCK.length) yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
}
