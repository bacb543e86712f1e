// The app under test as a Fetch handler, with the behaviours of app.ts that Request and Response can express.
import { createHash } from 'node:crypto'
import { BLOCK, HEAD_LIKE, LARGE_BLOCKS, Memory, UNICODE } from './material.ts'

type Handler = (request: Request) => Response | Promise<Response>

const memory = new Memory()
const TEXT: [string, string] = ['Content-Type', 'text/plain; charset=utf-8']
const encoder = new TextEncoder()

function token(request: Request): string {
  return new URL(request.url).searchParams.get('token') ?? ''
}

/** A body made chunk by chunk; `closed` is called once, however it ends. */
function streamOf(
  chunks: AsyncGenerator<string | Uint8Array> | Generator<string | Uint8Array>,
  closed?: () => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) {
        controller.close()
        closed?.()
      } else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
    cancel() {
      closed?.()
    },
  })
}

function* repeat(times: number): Generator<Uint8Array> {
  for (let i = 0; i < times; i++) yield BLOCK
}

function* lines(...parts: string[]): Generator<string> {
  yield* parts
}

const behaviours: Record<string, Handler> = {
  hello: () => new Response('Hello World\n', { headers: [TEXT, ['Content-Length', '12']] }),
  report(request) {
    const { pathname, search } = new URL(request.url)
    const headers = Object.fromEntries(request.headers)
    const type = request.headers.get('content-type') ?? ''
    return Response.json({ method: request.method, target: pathname + search, headers, type })
  },
  async echo(request) {
    const bytes = await request.arrayBuffer()
    return new Response(bytes, {
      headers: [['Content-Type', request.headers.get('content-type') ?? 'application/octet-stream']],
    })
  },
  async digest(request) {
    const hash = createHash('sha256')
    let size = 0
    for await (const part of request.body ?? []) {
      size += part.byteLength
      hash.update(part)
    }
    return Response.json({ size, sha256: hash.digest('hex') })
  },
  unread: () => new Response('not read\n', { headers: [TEXT] }),
  write: () => new Response(streamOf(lines('one ', 'two ', 'three\n')), { headers: [TEXT] }),
  closes: (request) =>
    new Response(
      streamOf(lines('one\n', 'two\n'), () => memory.close(token(request))),
      { headers: [TEXT] },
    ),
  endless: (request) =>
    new Response(
      streamOf(repeat(Infinity), () => memory.close(token(request))),
      { headers: [TEXT, ['X-Accel-Buffering', 'no']] },
    ),
  closed: (request) => Response.json(memory.closed(token(request))),
  stream(request) {
    async function* parts(): AsyncGenerator<string> {
      yield 'first\n'
      await memory.wait(token(request))
      yield 'second\n'
    }
    return new Response(streamOf(parts()), { headers: [TEXT, ['X-Accel-Buffering', 'no']] })
  },
  release: (request) => Response.json(memory.release(token(request))),
  one: () => new Response('exactly one chunk\n', { headers: [TEXT] }),
  empty: () => new Response('', { headers: [TEXT] }),
  'no-content': () => new Response(null, { status: 204, headers: [['X-Kept', 'yes']] }),
  'not-modified': () => new Response(null, { status: 304, headers: [['ETag', '"v1"']] }),
  generator: () => new Response(streamOf(lines('one\n', '', 'two\n', 'three\n')), { headers: [TEXT] }),
  'raise-before'() {
    throw new Error('raise-before, on purpose')
  },
  'raise-after'() {
    function* parts(): Generator<string> {
      yield 'begun\n'
      throw new Error('raise-after, on purpose')
    }
    return new Response(streamOf(parts()), { headers: [TEXT, ['Content-Length', '100']] })
  },
  'too-long': () => new Response(streamOf(lines('12345', '67890')), { headers: [TEXT, ['Content-Length', '5']] }),
  'too-short': () => new Response(streamOf(lines('12345', '67890')), { headers: [TEXT, ['Content-Length', '100']] }),
  cookies: () =>
    new Response('cookies\n', {
      headers: [TEXT, ['Set-Cookie', 'a=1; Path=/'], ['Set-Cookie', 'b=2; HttpOnly'], ['Set-Cookie', 'c=3, 4']],
    }),
  reason: () => new Response('teapot\n', { status: 418, statusText: 'Short And Stout', headers: [TEXT] }),
  redirect: () => new Response(null, { status: 302, headers: [['Location', '/elsewhere?x=%2F#y']] }),
  'head-like': () => new Response(HEAD_LIKE, { headers: [TEXT] }),
  large: () =>
    new Response(streamOf(repeat(LARGE_BLOCKS)), { headers: [['Content-Type', 'application/octet-stream']] }),
  'many-headers'() {
    const headers = Array.from({ length: 100 }, (_, i): [string, string] => [`X-Many-${i}`, `value ${i}`])
    return new Response('many\n', { headers: [TEXT, ...headers] })
  },
  'large-header': () => new Response('large\n', { headers: [TEXT, ['X-Large', 'l'.repeat(12_000)]] }),
  'odd-headers': () =>
    new Response('odd\n', {
      headers: [TEXT, ['X-Latin', 'caf\u00e9'], ['X-Empty', ''], ['X-Twice', 'one'], ['X-Twice', 'two']],
    }),
  unicode: () => new Response(UNICODE, { headers: [TEXT] }),
}

/** The handler. */
export default function handler(request: Request): Response | Promise<Response> {
  const behaviour = behaviours[request.headers.get('x-conformance-case') ?? '']
  if (behaviour) return behaviour(request)
  return new Response('X-Conformance-Case names no behaviour of this app\n', { status: 501, headers: [TEXT] })
}
