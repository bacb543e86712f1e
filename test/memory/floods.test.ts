// Peers that send without end, through a real listener of a real process: each is stopped or not read any more, memory stays flat,
// and everybody else is served.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { begin, packet, pair, record, request } from '../wire/build.ts'
import { bodyOf, connectTo, talk, uwsgiRequest } from '../listen/peer.ts'

const KB = 1024
const MB = 1024 ** 2
const root = join(import.meta.dirname, '../..')
let server: ChildProcess
let address = ''
let proxied = ''

beforeAll(async () => {
  const config = join(import.meta.dirname, 'floods.json')
  const command = ['sidecar/main.ts', 'serve', '--config', config, '--no-access-log']
  server = spawn(process.execPath, ['--max-old-space-size=96', ...command], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
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

/** Resident memory in bytes; `VmHWM`: the most since it was reset. */
function memory(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))
  return Number(line![1]) * KB
}

const CONNECTIONS = 20
/** Bytes that one connection tries to send. */
const FLOOD = 16 * MB
/** How long a peer that is not read any more goes on to wait. */
const SILENCE_MS = 500

/** Sends `opening`, then `more` again and again: until the other side closes, or does not read, or all is sent. */
async function flood(socket: Socket, opening: Uint8Array, more: Uint8Array): Promise<'closed' | 'not read' | 'sent'> {
  const state = { closed: false }
  const closed = new Promise<boolean>((resolve) => {
    socket.on('close', () => resolve((state.closed = true)))
  })
  socket.write(opening)
  const block = Buffer.concat(Array<Uint8Array>(Math.max(1, Math.ceil((64 * KB) / more.length))).fill(more))
  for (let sent = 0; sent < FLOOD && !state.closed; sent += block.length) {
    if (socket.write(block)) continue
    const drained = new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true)))
    const silence = new Promise<boolean>((resolve) => setTimeout(resolve, SILENCE_MS, false))
    if (!(await Promise.race([drained, closed, silence]))) return 'not read'
  }
  return state.closed ? 'closed' : 'sent'
}

const nothing = Buffer.alloc(0)
const text = (words: string): Buffer => Buffer.from(words, 'latin1')
const http = 'GET / HTTP/1.1\r\nHost: h\r\n'
const held = { REQUEST_METHOD: 'POST', PATH_INFO: '/held', REQUEST_URI: '/held' }
const ajp = (payload: string): Buffer => text(`\x12\x34${String.fromCharCode(payload.length >> 8, payload.length & 255)}${payload}`)
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
  'fastcgi: variables without end': { opening: begin(1), more: record(4, 1, pair('A', 'x'.repeat(60_000))), ends: 'closed' },
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
  'fastcgi: a body in records of one byte with all padding': {
    opening: request(1, held),
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
  'http: a body in chunks of one byte': {
    opening: text('POST /held HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'),
    more: text('1\r\nx\r\n'),
    ends: 'not read',
  },
  'http: chunk extensions': {
    opening: text('POST /held HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'),
    more: text(`1;${'x'.repeat(8000)}\r\nx\r\n`),
    ends: 'closed',
  },
  // Questions to the codec whose answers nobody reads, and records that mean nothing.
  'fastcgi: GET_VALUES, and no answer is read': { opening: nothing, more: record(9, 0, pair('FCGI_MAX_REQS', '')), ends: 'not read' },
  'fastcgi: requests turned away': { opening: nothing, more: begin(1, { role: 9 }) },
  'fastcgi: requests begun and aborted': { opening: nothing, more: Buffer.concat([begin(1), record(2, 1)]), ends: 'not read' },
  'fastcgi: empty records': { opening: begin(1), more: record(2, 7), ends: 'closed' },
  'fastcgi: unknown management records': { opening: nothing, more: record(99, 0, Buffer.alloc(60_000)) },
  'ajp: CPING, and no answer is read': { opening: nothing, more: ajp('\x0a'), ends: 'not read' },
  // Small requests one behind the other whose answers nobody reads.
  'http: pipelined requests': { opening: nothing, more: text(`${http}\r\n`), ends: 'not read' },
  'fastcgi: requests on a kept connection': {
    opening: nothing,
    more: Buffer.concat([request(1, { REQUEST_METHOD: 'GET', PATH_INFO: '/', CONTENT_LENGTH: '0' }), record(5, 1)]),
    ends: 'not read',
  },
}

describe.skipIf(process.platform !== 'linux')(`${CONNECTIONS} connections, ${FLOOD / MB} MB each`, () => {
  test.each(Object.entries(attacks))('%s', { timeout: 120_000 }, async (_, { opening, more, ends }) => {
    await attack(address, opening, more, ends)
  })

  test.each([
    ['a line without end', text('PROXY UNKNOWN '), text('x')],
    ['a header that is announced too long', text('\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff'), text('x')],
  ])('PROXY protocol: %s', async (_, opening, more) => {
    await attack(proxied, opening, more, 'closed')
  })
})

async function attack(where: string, opening: Buffer, more: Buffer, ends: Attack['ends']): Promise<void> {
  const idle = memory('VmRSS')
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTo(where)))
  // Nobody reads an answer.
  for (const socket of sockets) socket.pause()
  const outcomes = new Set(await Promise.all(sockets.map((socket) => flood(socket, opening, more))))
  const most = memory('VmRSS')
  // While they hang there, others are served.
  expect(bodyOf(await talk(address, uwsgiRequest('/')))).toBe('here')
  for (const socket of sockets) socket.destroy()
  console.log(`${[...outcomes].join()} +${((most - idle) / MB).toFixed(1)} MB`, (idle/MB).toFixed(), (memory("VmHWM")/MB).toFixed())
  if (ends) expect([...outcomes]).toEqual([ends])
  expect(most - idle).toBeLessThan(48 * MB)
}
