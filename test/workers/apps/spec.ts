// Apps that do one thing each, named by the path.
import { AsyncResource } from 'node:async_hooks'
import { existsSync, writeSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Application } from '../../../sidecar/interface/types.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

const aborted: string[] = []
let atEnd: (() => void) | undefined

const paths: Record<string, Handler> = {
  '/hello': (_, response) => response.end('Hello'),
  '/pid': (_, response) => response.end(String(process.pid)),
  '/env': (_, response) => response.end(process.env.SHOP ?? ''),
  '/cwd': (_, response) => response.end(process.cwd()),
  '/options': (_, response) => response.end(process.execArgv.join(' ')),
  '/raises': () => {
    throw new Error('on purpose')
  },
  '/exits': () => process.exit(3),
  '/crashes': () => process.abort(),
  '/stray': (_, response) => {
    setTimeout(() => {
      throw new Error('from a timer')
    }, 0)
    response.end('thrown later')
  },
  '/head': (_, response) => response.writeHead(200).flushHeaders(),
  '/waits': (_, response) => void response.writeHead(200).write('begun\n'),
  '/aborts': (request, response) => {
    response.once('close', () => aborted.push(request.url!))
    response.writeHead(200).write('begun\n')
  },
  '/late': async (_, response) => {
    await sleep(200)
    response.end('late')
  },
  '/aborted': (_, response) => response.end(aborted.join()),
  '/loops': (_, response) => {
    response.writeHead(200).write('begun\n')
    setTimeout(() => loopForever(), 50)
  },
  '/spins': () => loopForever(),
  '/busy': (_, response) => {
    while (!existsSync(process.env.FREE!));
    response.end('done')
  },
  '/hoards': () => {
    const kept: unknown[] = []
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => ({ index })))
  },
  '/prints': async (_, response) => {
    console.log('to stdout')
    console.error('to stderr\nin two lines')
    process.stdout.write('half ')
    process.stdout.write('a line\n')
    process.stdout.write(Buffer.from('no end'))
    await sleep(1)
    console.log('after a while')
    response.end('printed')
  },
  '/breaks-in': () => {
    // A report that is none.
    writeSync(3, Buffer.from([0, 0, 3, 23, 0, 0, 0, 0, 0x78, 0x78, 0x78]))
  },
  '/begins-a-frame': (request) => {
    // Of a report that is as long as can be, and of one that is none.
    const bytes = request.url!.endsWith('?long') ? [0xff, 0xff, 0xff, 23, 0, 0, 0, 0] : [0, 0, 0, 0x99]
    writeSync(3, Buffer.from(bytes))
  },
  '/prints-much': (_, response) => {
    console.log('x'.repeat(17 * 1024 * 1024))
    console.log(`${'line\n'.repeat(500_000)}the last`)
    response.end('printed')
  },
  '/prints-at-its-end': (_, response) => {
    const lines = `${'x'.repeat(100_000)}\n`.repeat(20)
    atEnd = AsyncResource.bind(() => console.log(`${lines}last words`))
    response.end('asked')
  },
  '/prints-without-end': (_, response) => {
    const { rss } = process.memoryUsage()
    for (let count = 0; count < 4_000; count++) console.log('x'.repeat(30_000))
    response.end(String(process.memoryUsage().rss - rss))
  },
  '/raises-much': () => {
    throw new Error('y'.repeat(17 * 1024 * 1024))
  },
  '/rushes': (_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, 'r')
    for (let count = 0; count < 20; count++) response.write(chunk)
    response.end('end')
  },
  '/too-much': (_, response) => {
    response.writeHead(200, { 'content-length': 5_000_000 })
    response.write(Buffer.alloc(6_000_000))
    response.end()
  },
  '/writes-by-itself': (_, response) => {
    writeSync(1, 'by the system\n')
    response.end('written')
  },
  '/big': async (request, response) => {
    let size = 0
    for await (const chunk of request) size += (chunk as Buffer).length
    response.end(String(size))
  },
  '/endless': async (_, response) => {
    const chunk = Buffer.alloc(64 * 1024)
    let sent = 0
    response.on('close', () => aborted.push(`endless ${sent}`))
    for (;;) {
      if (response.destroyed) return
      sent += chunk.length
      if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
    }
  },
  '/refuses': (_, response) => response.writeHead(413).end('too large'),
}

function loopForever(): never {
  for (;;);
}

/** As of Fastify: it is told of the end. */
export const told = {
  routing: (request: IncomingMessage, response: ServerResponse) => node(request, response),
  ready: async () => {},
  close: async () => atEnd?.(),
}

export const node: Handler = (request, response) => paths[request.url!.split('?')[0]!]!(request, response)

export const multiprocess: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  environ['wsgi.errors'].write('to the errors\n')
  return [String(environ['wsgi.multiprocess'])]
}

export const number = 5
