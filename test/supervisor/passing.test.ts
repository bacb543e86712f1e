// Connections on their way from one gateway to the next, when that one dies.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'
import { connectTo, readAll } from '../listen/peer.ts'

const folder = commandFolder()
const APP = `export const app = (environ, startResponse) => {
  startResponse('200 OK', [])
  return []
}`

test('connections that were to go to a gateway that dies are closed', async () => {
  folder.write('app.mjs', APP)
  const one = folder.run(['serve', '--supervise', 'app:./app.mjs', '-l', '127.0.0.1:0'])
  const port = await one.port()
  const kept = await Promise.all(Array.from({ length: 4 }, () => connectTo(`127.0.0.1:${port}`)))
  for (const socket of kept) {
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await once(socket, 'data')
  }
  folder.write(
    'app.mjs',
    `process.on('message', ({ type }) => { if (type === 'connection') { process.stdout.write('it hangs'); for (;;); } })\n${APP}`,
  )
  one.signal('SIGHUP')
  await one.said(/it hangs/)
  const gateways = execFileSync('pgrep', ['-n', '-P', String(one.pid)], { encoding: 'utf8' })
  process.kill(Number(gateways), 'SIGKILL')
  expect(await Promise.all(kept.map(readAll))).toEqual(['', '', '', ''])
})

const STREAM = `import { existsSync } from 'node:fs'
export const app = async function* (environ, startResponse) {
  startResponse('200 OK', [['Content-Type', 'text/plain'], ['X-Process', String(process.pid)]])
  yield 'begun'
  while (environ.QUERY_STRING && !existsSync(environ.QUERY_STRING)) await new Promise((resolve) => setTimeout(resolve, 5))
}`

const LARGE = `export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain'], ['X-Process', String(process.pid)]])
  return [Buffer.alloc(16_000_000, 'x'), 'the end']
}`

/** What comes over a kept connection: the end of it is an error. */
class Kept {
  text = ''
  readonly socket: Socket
  #closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (piece: string) => (this.text += piece))
    socket.on('close', () => (this.#closed = true))
  }

  async said(text: string): Promise<void> {
    await until(text, () => {
      if (this.#closed) throw new Error(`it was closed after ${this.text.slice(-200)}`)
      return this.text.includes(text)
    })
  }

  ask(path: string): void {
    this.text = ''
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
  }

  get process(): string | undefined {
    return /X-Process: (\d+)/.exec(this.text)?.[1]
  }
}

async function serve(app: string): Promise<[Sidegate, Kept]> {
  folder.write('app.mjs', app)
  const one = folder.run(['serve', '--supervise', 'app:./app.mjs', '-l', '127.0.0.1:0'])
  return [one, new Kept(await connectTo(`127.0.0.1:${await one.port()}`))]
}

test('a connection whose response had begun before a reload is not closed without a word: the next gateway has it', async () => {
  const [one, kept] = await serve(STREAM)
  kept.ask('/?go-on')
  await kept.said('begun')
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves, gateway 1 finishes/)
  folder.write('go-on', '')
  await kept.said('\r\n0\r\n\r\n')
  const before = kept.process
  await one.said(/gateway 1 is over/)
  kept.ask('/')
  await kept.said('\r\n0\r\n\r\n')
  expect(kept.process).toMatch(/\d/)
  expect(kept.process).not.toBe(before)
})

test('a connection on which an answer still waits to be taken goes to the next gateway when it is', async () => {
  const [one, kept] = await serve(LARGE)
  kept.ask('/')
  await kept.said('X-Process')
  const before = kept.process
  kept.socket.pause()
  one.signal('SIGHUP')
  await one.said(/gateway 2 serves, gateway 1 finishes/)
  kept.socket.resume()
  await kept.said('the end')
  await one.said(/gateway 1 is over/)
  kept.ask('/')
  await kept.said('the end')
  expect(kept.process).toMatch(/\d/)
  expect(kept.process).not.toBe(before)
})
