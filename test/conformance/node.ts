// The app under test as a Node handler, with the behaviours of app.ts that (req, res) can express.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BLOCK, HEAD_LIKE, LARGE_BLOCKS, Memory, UNICODE } from './material.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const memory = new Memory()
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' }

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(value))
}

function token(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://localhost').searchParams.get('token') ?? ''
}

/** Writes until the client is gone; waits whenever the response says so. */
function pour(response: ServerResponse, blocks: number): void {
  let left = blocks
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left--
      if (!response.write(BLOCK)) return
    }
    if (left === 0) response.end()
  }
  response.on('drain', more)
  more()
}

const behaviours: Record<string, Handler> = {
  hello(_, response) {
    response.writeHead(200, { ...TEXT, 'Content-Length': 12 })
    response.end('Hello World\n')
  },
  report(request, response) {
    const { originalUrl = request.url } = request as IncomingMessage & { originalUrl?: string }
    const { method, url, headers } = request
    json(response, { method, target: originalUrl, below: url, headers, type: headers['content-type'] ?? '' })
  },
  async echo(request, response) {
    const parts: Uint8Array[] = []
    for await (const part of request) parts.push(part as Uint8Array)
    response.writeHead(200, { 'Content-Type': request.headers['content-type'] ?? 'application/octet-stream' })
    response.end(Buffer.concat(parts))
  },
  async digest(request, response) {
    const hash = createHash('sha256')
    let size = 0
    for await (const part of request) {
      size += (part as Uint8Array).byteLength
      hash.update(part as Uint8Array)
    }
    json(response, { size, sha256: hash.digest('hex') })
  },
  unread(_, response) {
    response.writeHead(200, TEXT)
    response.end('not read\n')
  },
  write(_, response) {
    response.writeHead(200, TEXT)
    response.write('one ')
    response.write('two ')
    response.end('three\n')
  },
  closes(request, response) {
    response.on('close', () => memory.close(token(request)))
    response.writeHead(200, TEXT)
    response.write('one\n')
    response.end('two\n')
  },
  endless(request, response) {
    response.on('close', () => memory.close(token(request)))
    response.writeHead(200, { ...TEXT, 'X-Accel-Buffering': 'no' })
    pour(response, Infinity)
  },
  closed(request, response) {
    json(response, memory.closed(token(request)))
  },
  async stream(request, response) {
    response.writeHead(200, { ...TEXT, 'X-Accel-Buffering': 'no' })
    response.write('first\n')
    await memory.wait(token(request))
    response.end('second\n')
  },
  release(request, response) {
    json(response, memory.release(token(request)))
  },
  one(_, response) {
    response.writeHead(200, TEXT)
    response.end('exactly one chunk\n')
  },
  empty(_, response) {
    response.writeHead(200, TEXT)
    response.end()
  },
  'no-content'(_, response) {
    response.writeHead(204, { 'X-Kept': 'yes' })
    response.end()
  },
  'not-modified'(_, response) {
    response.writeHead(304, { ETag: '"v1"' })
    response.end()
  },
  'bodiless-body'(_, response) {
    response.writeHead(204)
    response.end('a body that may not be sent')
  },
  generator(_, response) {
    response.writeHead(200, TEXT)
    for (const line of ['one\n', 'two\n', 'three\n']) response.write(line)
    response.end()
  },
  'raise-before'() {
    throw new Error('raise-before, on purpose')
  },
  'raise-after'(_, response) {
    response.writeHead(200, { ...TEXT, 'Content-Length': 100 })
    response.write('begun\n', () => response.destroy(new Error('raise-after, on purpose')))
  },
  'too-long'(_, response) {
    response.writeHead(200, { ...TEXT, 'Content-Length': 5 })
    response.write('12345')
    response.end('67890')
  },
  'too-short'(_, response) {
    response.writeHead(200, { ...TEXT, 'Content-Length': 100 })
    response.write('12345')
    response.end('67890')
  },
  cookies(_, response) {
    response.writeHead(200, { ...TEXT, 'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly', 'c=3, 4'] })
    response.end('cookies\n')
  },
  reason(_, response) {
    response.writeHead(418, 'Short And Stout', TEXT)
    response.end('teapot\n')
  },
  redirect(_, response) {
    response.writeHead(302, { Location: '/elsewhere?x=%2F#y' })
    response.end()
  },
  'head-like'(_, response) {
    response.writeHead(200, TEXT)
    response.end(HEAD_LIKE)
  },
  large(_, response) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' })
    pour(response, LARGE_BLOCKS)
  },
  'many-headers'(_, response) {
    for (let i = 0; i < 100; i++) response.setHeader(`X-Many-${i}`, `value ${i}`)
    response.writeHead(200, TEXT)
    response.end('many\n')
  },
  'large-header'(_, response) {
    response.writeHead(200, { ...TEXT, 'X-Large': 'l'.repeat(12_000) })
    response.end('large\n')
  },
  'odd-headers'(_, response) {
    response.writeHead(200, { ...TEXT, 'X-Latin': 'caf\u00e9', 'X-Empty': '', 'X-Twice': ['one', 'two'] })
    response.end('odd\n')
  },
  unicode(_, response) {
    response.writeHead(200, TEXT)
    response.end(UNICODE)
  },
}

/** The handler. */
export default function handler(request: IncomingMessage, response: ServerResponse): void | Promise<void> {
  const behaviour = behaviours[String(request.headers['x-conformance-case'])]
  if (behaviour) return behaviour(request, response)
  response.writeHead(501, TEXT)
  response.end('X-Conformance-Case names no behaviour of this app\n')
}
