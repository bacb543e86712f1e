// Peers that send without end, through a real listener of a real process: each is stopped or not read any more, memory stays flat,
// and everybody else is served.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, packet, pair, record, request } from '../wire/build.ts'
import { bodyOf, connectTo, talk, uwsgiRequest } from '../listen/peer.ts'
import { MAIN } from '../built.ts'

const KB = 1024
const MB = 1024 ** 2
const root = join(import.meta.dirname, '../..')
let server: ChildProcess
let address = ''
let proxied = ''

beforeAll(async () => {
  const config = join(import.meta.dirname, 'floods.json')
  const command = [MAIN, 'serve', '--config', config, '--no-access-log']
  server = spawn(process.execPath, ['--expose-gc', '--max-old-space-size=128', ...command], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const found: string[] = []
  for await (const line of createInterface({ input: server.stderr! })) {
    const match = /listening +(127\.0\.0\.1:[1-9][0-9]*)/.exec(line)
    if (match) found.push(match[1]!)
    if (line.includes('mounted')) break
  }
  ;[address, proxied] = found as [string, string]
  // What is said of each flood is read, so that the process can go on.
  server.stderr!.resume()
})

afterAll(async () => {
  server.kill('SIGKILL')
  await once(server, 'exit')
})

/** Bytes that the process holds after a collection. */
async function memory(): Promise<number> {
  return Number(bodyOf(await talk(address, uwsgiRequest('/memory'))))
}

/** `npm run memory` has more of everything. */
const all = process.env.MODE === 'all'
const CONNECTIONS = all ? 20 : 8
/** Where small questions are asked, each of which costs as much as a request. */
const FEW = all ? 4 : 2
/** What one connection may hold, of the 8 MB or more that each sends. */
const HELD = 2 * MB
/** What the process may take for itself meanwhile. */
const OWN = 4 * MB
/** The most that the process may ever have: Node.js takes 110 MB, its heap is kept to 128 MB, the rest is waiting for the collector. */
const MOST = 640 * MB
/** Bytes that one connection tries to send. */
const FLOOD = (all ? 16 : 8) * MB
/** The same where it has to be stopped: more than the buffers of the operating system take, on both sides. */
const FLOOD_STOPPED = 128 * MB
/** A peer is not read any more when so many others were answered meanwhile: for each the process looks at all of its sockets. */
const OTHERS = 100
/** How long one is waited for that has to be closed, on however busy a machine. */
const CLOSE_MS = 20_000

/** Others, who ask one after the other. Counted in their answers, a busy machine is as quick as an idle one. */
class Others {
  #answers = 0
  #over = false
  readonly #waiting = new Set<{ until: number; resolve: () => void }>()

  /** Asks until `leave`. @throws {Error} when one is not served. */
  async ask(): Promise<void> {
    while (!this.#over) {
      const answer = await talk(address, uwsgiRequest('/served'))
      if (!answer.startsWith('HTTP/1.1 204 ')) throw new Error(`somebody else got ${JSON.stringify(answer)}`)
      this.#answers++
      for (const one of this.#waiting) {
        if (this.#answers < one.until) continue
        this.#waiting.delete(one)
        one.resolve()
      }
    }
  }

  /** Resolves after so many more answers. */
  answered(count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.add({ until: this.#answers + count, resolve }))
  }

  leave(): void {
    this.#over = true
  }
}

/** Sends `opening`, then `more` again and again: until the other side closes, or does not read, or all is sent. */
async function flood(
  socket: Socket,
  { opening, more, ends }: Attack,
  others: Others,
): Promise<'closed' | 'not read' | 'sent'> {
  const state = { closed: false }
  const closed = new Promise<boolean>((resolve) => {
    socket.on('close', () => resolve((state.closed = true)))
  })
  socket.write(opening)
  const block = Buffer.concat(Array<Uint8Array>(Math.max(1, Math.ceil((64 * KB) / more.length))).fill(more))
  const size = ends === 'not read' ? FLOOD_STOPPED : FLOOD
  for (let sent = 0; sent < size && !state.closed; sent += block.length) {
    if (socket.write(block)) continue
    const drained = new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true)))
    const silence =
      ends === 'closed' ? setTimeout(CLOSE_MS, false, { ref: false }) : others.answered(OTHERS).then(() => false)
    if (!(await Promise.race([drained, closed, silence]))) return 'not read'
  }
  // All of it may be in the buffers of the operating system, on both sides, before any is read.
  if (ends === 'closed') await Promise.race([closed, setTimeout(CLOSE_MS, false, { ref: false })])
  return state.closed ? 'closed' : 'sent'
}

const nothing = Buffer.alloc(0)
const text = (words: string): Buffer => Buffer.from(words, 'latin1')
const http = 'GET / HTTP/1.1\r\nHost: h\r\n'
const httpChunks = 'POST /held HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
const held = { REQUEST_METHOD: 'POST', PATH_INFO: '/held', REQUEST_URI: '/held' }
const ajp = (payload: string): Buffer =>
  text(`\x12\x34${String.fromCharCode(payload.length >> 8, payload.length & 255)}${payload}`)
const ajpText = (words: string): string => `${String.fromCharCode(words.length >> 8, words.length & 255)}${words}\0`
const ajpHead = `\x02\x04${ajpText('HTTP/1.1')}${ajpText('/held')}${ajpText('1.1.1.1')}${ajpText('')}${ajpText('h')}\0\x50\0`
const uwsgiHead = packet({ ...held, CONTENT_LENGTH: String(1024 * MB) })
const scgiBlock = 'CONTENT_LENGTH\x001000000000\0SCGI\x001\0PATH_INFO\0/held\0REQUEST_METHOD\0POST\0'
const shared = Buffer.concat([request(1, { ...held, CONTENT_LENGTH: '' }), request(3, { ...held, CONTENT_LENGTH: '' })])

interface Attack {
  readonly opening: Buffer
  readonly more: Buffer
  /** How it ends, when there is one way only. */
  readonly ends?: 'closed' | 'not read'
  /** Default: CONNECTIONS. */
  readonly connections?: number
}

const attacks: Record<string, Attack> = {
  // Heads that never end.
  'uwsgi: a packet in single bytes': { opening: Buffer.from([0, 255, 255, 0]), more: Buffer.from([1]), ends: 'closed' },
  'uwsgi: packets one behind the other': { opening: nothing, more: packet({ A: 'x'.repeat(60_000) }) },
  'uwsgi: 1024 variables and more': {
    opening: nothing,
    more: packet(Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`V${index}`, '']))),
    ends: 'closed',
  },
  'scgi: a length without end': { opening: nothing, more: text('1'), ends: 'closed' },
  'scgi: a block that is announced too long': { opening: text('999999999:'), more: text('A\0B\0'), ends: 'closed' },
  'scgi: a block that does not end': { opening: text('262143:'), more: text('A\0B\0'), ends: 'closed' },
  'scgi: a name without end': { opening: text('262144:'), more: text('A'), ends: 'closed' },
  'fastcgi: variables without end': {
    opening: begin(1),
    more: record(4, 1, pair('A', 'x'.repeat(60_000))),
    ends: 'closed',
  },
  'fastcgi: variables in records of one byte': { opening: begin(1), more: record(4, 1, 'x'), ends: 'closed' },
  'fastcgi: padding': { opening: begin(1), more: record(4, 1, 'x', 255), ends: 'closed' },
  'fastcgi: variables of a thousand requests': {
    opening: Buffer.concat(Array.from({ length: 1000 }, (_, id) => begin(id + 1))),
    more: Buffer.concat(Array.from({ length: 1000 }, (_, id) => record(4, id + 1, pair('A', 'x'.repeat(2000))))),
    ends: 'closed',
  },
  'ajp: header fields without end': { opening: ajp(`${ajpHead}\xff\xff`), more: ajp('\x02\x02'), ends: 'closed' },
  'ajp: a packet in small pieces': { opening: text('\x12\x34\xff\xff\x02\x02'), more: text('\0\0\0'), ends: 'closed' },
  'http: a head without end': { opening: text(http), more: text('X-A: b\r\n'), ends: 'closed' },
  'http: one field without end': { opening: text(`${http}X-A: `), more: text('b'), ends: 'closed' },
  'http: a target without end': { opening: text('GET /'), more: text('a'), ends: 'closed' },
  // Bodies that nobody reads.
  'uwsgi: a body': { opening: uwsgiHead, more: Buffer.alloc(KB), ends: 'not read' },
  'scgi: a body': { opening: text(`${scgiBlock.length}:${scgiBlock},`), more: Buffer.alloc(KB), ends: 'not read' },
  'fastcgi: a body': { opening: request(1, held), more: record(5, 1, Buffer.alloc(8 * KB)), ends: 'not read' },
  'fastcgi: a body in records of one byte': { opening: request(1, held), more: record(5, 1, 'x'), ends: 'not read' },
  // The 64 KB that may wait for an app, on a connection for one request, are 17 MB of such records.
  'fastcgi: a body in records of one byte with all padding': {
    opening: request(1, held, { keep: false }),
    more: record(5, 1, 'x', 255),
    ends: 'not read',
  },
  'fastcgi: bodies that share a connection': {
    opening: shared,
    more: Buffer.concat([record(5, 1, 'x'), record(5, 3, 'y'.repeat(100), 255)]),
  },
  'http: a body': {
    opening: text('POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n'),
    more: Buffer.alloc(KB),
    ends: 'not read',
  },
  'http: a body in chunks of one byte': { opening: text(httpChunks), more: text('1\r\nx\r\n'), ends: 'not read' },
  'http: chunk extensions': {
    opening: text(httpChunks),
    more: text(`1;${'x'.repeat(8000)}\r\nx\r\n`),
    ends: 'closed',
  },
  'http: a trailer without end': { opening: text(`${httpChunks}0\r\n`), more: text('X: y\r\n'), ends: 'closed' },
  // What comes behind a request that asks for another protocol waits for the app that may grant it.
  'http: bytes of another protocol': {
    opening: text(`${http}Upgrade: x\r\nConnection: Upgrade\r\n\r\n`),
    more: Buffer.alloc(KB),
    ends: 'not read',
  },
  // Questions to the codec whose answers nobody reads, and records that mean nothing.
  'fastcgi: GET_VALUES, and no answer is read': {
    opening: nothing,
    more: record(9, 0, pair('FCGI_MAX_REQS', '')),
    ends: 'not read',
    connections: FEW,
  },
  'fastcgi: requests turned away': { opening: nothing, more: begin(1, { role: 9 }), connections: FEW },
  'fastcgi: requests begun and aborted': {
    opening: nothing,
    more: Buffer.concat([begin(1), record(2, 1)]),
    ends: 'not read',
    connections: FEW,
  },
  'fastcgi: aborts of nothing': { opening: begin(1), more: record(2, 7) },
  'fastcgi: unknown management records': { opening: nothing, more: record(99, 0, Buffer.alloc(60_000)) },
  'ajp: CPING, and no answer is read': { opening: nothing, more: ajp('\x0a'), ends: 'not read', connections: FEW },
  // Small requests one behind the other: those behind one that is not answered, and those whose answers nobody reads.
  'http: pipelined requests': { opening: nothing, more: text(`${http}\r\n`), ends: 'not read' },
  'http: pipelined requests, and no answer is read': {
    opening: nothing,
    more: text('GET /served HTTP/1.1\r\nHost: h\r\n\r\n'),
    ends: 'not read',
    connections: FEW,
  },
}

describe.skipIf(process.platform !== 'linux')('connections that send without end', () => {
  test.each(Object.entries(attacks))('%s', { timeout: 120_000 }, async (_, attack) => {
    const { held, unexpected } = await endure(address, attack)
    expect(held).toBeLessThan(HELD)
    expect(unexpected).toEqual([])
  })

  test.each<[string, Attack]>([
    ['a line without end', { opening: text('PROXY UNKNOWN '), more: text('x'), ends: 'closed' }],
    [
      'a header that is announced too long',
      { opening: text('\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff'), more: text('x'), ends: 'closed' },
    ],
  ])('PROXY protocol: %s', async (_, attack) => {
    const { held, unexpected } = await endure(proxied, attack)
    expect(held).toBeLessThan(HELD)
    expect(unexpected).toEqual([])
  })

  test('after all of them', () => {
    const [, most] = /^VmHWM:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))!
    expect(Number(most) * KB).toBeLessThan(MOST)
  })
})

/** What the process holds more for each of the peers while they hang there; and how some of them fared who should not have. */
async function endure(where: string, attack: Attack): Promise<{ held: number; unexpected: string[] }> {
  const { ends, connections = CONNECTIONS } = attack
  const before = await memory()
  const sockets = await Promise.all(Array.from({ length: connections }, () => connectTo(where)))
  // Nobody reads an answer.
  for (const socket of sockets) socket.pause()
  const others = new Others()
  try {
    const floods = Promise.all(sockets.map((socket) => flood(socket, attack, others))).finally(() => others.leave())
    const [outcomes] = await Promise.all([floods, others.ask()])
    const held = ((await memory()) - before - OWN) / connections
    return { held, unexpected: outcomes.filter((outcome) => ends !== undefined && outcome !== ends) }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}
