// The app under test, as a WSGI app for TypeScript: every behaviour that the cases ask for, chosen by the request header
// X-Conformance-Case. node.ts, fetch.ts and app.py have the same.
import { createHash } from 'node:crypto'
import type {
  Application,
  Environ,
  FileLike,
  HeaderTuple,
  ResponseBody,
  StartResponse,
} from '../../sidecar/interface/types.ts'
import { BLOCK, FILE_SIZE, HEAD_LIKE, LARGE_BLOCKS, Memory, UNICODE } from './material.ts'

const memory = new Memory()
const TEXT: HeaderTuple = ['Content-Type', 'text/plain; charset=utf-8']
const JSON_TYPE: HeaderTuple = ['Content-Type', 'application/json']

function json(start: StartResponse, value: unknown): ResponseBody {
  start('200 OK', [JSON_TYPE])
  return [JSON.stringify(value)]
}

async function body(environ: Environ): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of environ['wsgi.input']) parts.push(part)
  return Buffer.concat(parts)
}

function token(environ: Environ): string {
  return new URLSearchParams(environ.QUERY_STRING).get('token') ?? ''
}

/** An iterable that counts how often it is closed. */
function* counted(environ: Environ, chunks: Iterable<string | Uint8Array>): Generator<string | Uint8Array> {
  try {
    yield* chunks
  } finally {
    memory.close(token(environ))
  }
}

function fileOf(size: number): FileLike {
  let at = 0
  return {
    read(wanted) {
      const part = Buffer.alloc(Math.min(wanted, size - at), 'f')
      at += part.length
      return part
    },
  }
}

const behaviours: Record<string, Application> = {
  hello(_, start) {
    start('200 OK', [TEXT, ['Content-Length', '12']])
    return ['Hello World\n']
  },
  report(environ, start) {
    const headers: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(environ)) {
      if (name.startsWith('HTTP_')) headers[name.slice(5).toLowerCase().replaceAll('_', '-')] = value
    }
    return json(start, {
      method: environ.REQUEST_METHOD,
      script: environ.SCRIPT_NAME,
      path: environ.PATH_INFO,
      query: environ.QUERY_STRING,
      protocol: environ.SERVER_PROTOCOL,
      scheme: environ['wsgi.url_scheme'],
      type: environ.CONTENT_TYPE ?? '',
      length: environ.CONTENT_LENGTH ?? '',
      name: environ.SERVER_NAME,
      port: environ.SERVER_PORT,
      headers,
    })
  },
  keys(environ, start) {
    const { 'wsgi.input': input, 'wsgi.errors': errors } = environ
    const names = Object.keys(environ)
    return json(start, {
      version: environ['wsgi.version'],
      flags: ['wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once'].map(
        (name) => typeof environ[name] === 'boolean',
      ),
      input: ['read', 'readline', 'readlines'].every((name) => typeof input[name as 'read'] === 'function'),
      errors: ['write', 'writelines', 'flush'].every((name) => typeof errors[name as 'flush'] === 'function'),
      terminated: environ['wsgi.input_terminated'],
      strings: names.filter((name) => !name.includes('.')).every((name) => typeof environ[name] === 'string'),
      proxy: 'HTTP_PROXY' in environ,
    })
  },
  async echo(environ, start) {
    const bytes = await body(environ)
    start('200 OK', [['Content-Type', environ.CONTENT_TYPE || 'application/octet-stream']])
    return [bytes]
  },
  async digest(environ, start) {
    const hash = createHash('sha256')
    let size = 0
    for await (const part of environ['wsgi.input']) {
      size += part.byteLength
      hash.update(part)
    }
    return json(start, { size, sha256: hash.digest('hex') })
  },
  unread(_, start) {
    start('200 OK', [TEXT])
    return ['not read\n']
  },
  async readline(environ, start) {
    const input = environ['wsgi.input']
    const lines: string[] = []
    for (;;) {
      const line = await input.readline()
      if (line.byteLength === 0) break
      lines.push(Buffer.from(line).toString('latin1'))
    }
    return json(start, lines)
  },
  async readlines(environ, start) {
    return json(
      start,
      (await environ['wsgi.input'].readlines()).map((line) => Buffer.from(line).toString('latin1')),
    )
  },
  async 'read-sizes'(environ, start) {
    const input = environ['wsgi.input']
    const first = await input.read(5)
    const line = await input.readline(3)
    const rest = await body(environ)
    const end = await input.read(10)
    return json(
      start,
      [first, line, rest, end].map((part) => Buffer.from(part).toString('latin1')),
    )
  },
  async write(_, start) {
    const write = start('200 OK', [TEXT])
    await write('one ')
    await write('two ')
    return ['three\n']
  },
  'exc-info-before'(_, start) {
    start('200 OK', [TEXT, ['X-First', 'yes']])
    start('503 Changed', [TEXT], new Error('exc-info-before'))
    return ['changed\n']
  },
  *'exc-info-after'(_, start) {
    start('200 OK', [TEXT, ['Content-Length', '100']])
    yield 'begun\n'
    start('500 Late', [TEXT], new Error('exc-info-after, on purpose'))
    yield 'never sent\n'
  },
  'start-twice'(_, start) {
    start('200 OK', [TEXT])
    start('200 OK', [TEXT])
    return ['wrong\n']
  },
  'no-start'() {
    return ['no head\n']
  },
  closes(environ, start) {
    start('200 OK', [TEXT])
    return counted(environ, ['one\n', 'two\n'])
  },
  'closes-raise'(environ, start) {
    start('200 OK', [TEXT])
    return counted(environ, {
      *[Symbol.iterator]() {
        yield ''
        throw new Error('closes-raise, on purpose')
      },
    })
  },
  endless(environ, start) {
    start('200 OK', [TEXT, ['X-Accel-Buffering', 'no']])
    return counted(environ, {
      *[Symbol.iterator]() {
        for (;;) yield BLOCK
      },
    })
  },
  closed(environ, start) {
    return json(start, memory.closed(token(environ)))
  },
  async *stream(environ, start) {
    start('200 OK', [TEXT, ['X-Accel-Buffering', 'no']])
    yield 'first\n'
    await memory.wait(token(environ))
    yield 'second\n'
  },
  release(environ, start) {
    return json(start, memory.release(token(environ)))
  },
  *'held-head'(_, start) {
    start('200 OK', [TEXT])
    yield ''
    start('404 Held', [TEXT], new Error('held-head'))
    yield ''
    yield 'held\n'
  },
  *'late-start'(_, start) {
    start('202 Late', [TEXT])
    yield 'late\n'
  },
  one(_, start) {
    start('200 OK', [TEXT])
    return ['exactly one chunk\n']
  },
  empty(_, start) {
    start('200 OK', [TEXT])
    return []
  },
  'no-content'(_, start) {
    start('204 No Content', [['X-Kept', 'yes']])
    return []
  },
  'not-modified'(_, start) {
    start('304 Not Modified', [['ETag', '"v1"']])
    return []
  },
  'bodiless-body'(_, start) {
    start('204 No Content', [])
    return ['a body that may not be sent']
  },
  hop(_, start) {
    start('200 OK', [TEXT, ['Connection', 'close'], ['Trailer', 'X-Sum'], ['Proxy-Authenticate', 'Basic']])
    return ['left out\n']
  },
  file(environ, start) {
    start('200 OK', [['Content-Type', 'application/octet-stream']])
    return environ['wsgi.file_wrapper'](fileOf(FILE_SIZE), 8192)
  },
  *generator(_, start) {
    start('200 OK', [TEXT])
    yield 'one\n'
    yield ''
    yield 'two\n'
    yield 'three\n'
  },
  'raise-before'() {
    throw new Error('raise-before, on purpose')
  },
  *'raise-after'(_, start) {
    start('200 OK', [TEXT, ['Content-Length', '100']])
    yield 'begun\n'
    throw new Error('raise-after, on purpose')
  },
  'too-long'(_, start) {
    start('200 OK', [TEXT, ['Content-Length', '5']])
    return ['12345', '67890']
  },
  'too-short'(_, start) {
    start('200 OK', [TEXT, ['Content-Length', '100']])
    return ['12345', '67890']
  },
  cookies(_, start) {
    start('200 OK', [TEXT, ['Set-Cookie', 'a=1; Path=/'], ['Set-Cookie', 'b=2; HttpOnly'], ['Set-Cookie', 'c=3, 4']])
    return ['cookies\n']
  },
  reason(_, start) {
    start('418 Short And Stout', [TEXT])
    return ['teapot\n']
  },
  redirect(_, start) {
    start('302 Found', [['Location', '/elsewhere?x=%2F#y']])
    return []
  },
  'head-like'(_, start) {
    start('200 OK', [TEXT])
    return [HEAD_LIKE]
  },
  large(_, start) {
    start('200 OK', [['Content-Type', 'application/octet-stream']])
    return Array.from({ length: LARGE_BLOCKS }, () => BLOCK)
  },
  'many-headers'(_, start) {
    start('200 OK', [TEXT, ...Array.from({ length: 100 }, (__, i): HeaderTuple => [`X-Many-${i}`, `value ${i}`])])
    return ['many\n']
  },
  'large-header'(_, start) {
    start('200 OK', [TEXT, ['X-Large', 'l'.repeat(12_000)]])
    return ['large\n']
  },
  'odd-headers'(_, start) {
    start('200 OK', [TEXT, ['X-Latin', 'caf\u00e9'], ['X-Empty', ''], ['X-Twice', 'one'], ['X-Twice', 'two']])
    return ['odd\n']
  },
  'split-header'(_, start) {
    start('200 OK', [TEXT, ['X-Split', 'a\r\nX-Injected: yes']])
    return ['wrong\n']
  },
  unicode(_, start) {
    start('200 OK', [TEXT])
    return [UNICODE]
  },
  errors(environ, start) {
    environ['wsgi.errors'].write('written to wsgi.errors\n')
    environ['wsgi.errors'].flush()
    start('200 OK', [TEXT])
    return ['written\n']
  },
}

/** The app. */
export const app: Application = (environ, start) => {
  const behaviour = behaviours[environ.HTTP_X_CONFORMANCE_CASE ?? '']
  if (behaviour) return behaviour(environ, start)
  start('501 No Such Behaviour', [TEXT])
  return ['X-Conformance-Case names no behaviour of this app\n']
}
