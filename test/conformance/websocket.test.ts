// The suite's WebSocket client, against a server that is known to be right, and against bytes that no server may send.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { open } from './client.ts'
import { acceptOf, handshake, handshakeKey, OPCODE, WebSocketLive } from './websocket.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function connect(server: Server | WebSocketServer): WebSocketLive {
  const key = handshakeKey()
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const live = open({ address, transport: 'http' }, handshake({ target: '/' }, key))
  closing.push(() => live.destroy())
  return new WebSocketLive(live, key)
}

async function echoes(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }))
    socket.on('error', () => {})
  })
  await once(server, 'listening')
  closing.push(() => server.close())
  return server
}

test('messages of each size of head, pings, and a close from this side', async () => {
  const socket = connect(await echoes())
  await socket.accepted()
  for (const size of [0, 125, 126, 65_535, 65_536]) {
    const bytes = Buffer.alloc(size, size & 0xff)
    socket.binary(bytes)
    expect(await socket.next()).toEqual({ kind: 'binary', data: bytes })
  }
  socket.frame(OPCODE.text, Buffer.from('in '), { fin: false })
  socket.frame(OPCODE.ping, Buffer.from('p'))
  socket.frame(OPCODE.continuation, Buffer.from('two'))
  expect(await socket.nextText()).toBe('in two')
  expect((await socket.pong()).toString()).toBe('p')
  socket.close(4001, 'bye')
  expect((await socket.closed()).code).toBe(4001)
  await expect(socket.next()).rejects.toThrow('was closed with 4001')
})

test('what breaks the rules goes out as it is asked for', async () => {
  for (const [send, code] of [
    [(socket: WebSocketLive) => socket.frame(OPCODE.text, Buffer.from('x'), { masked: false }), 1002],
    [(socket: WebSocketLive) => socket.frame(OPCODE.text, Buffer.from('x'), { reserved: 4 }), 1002],
    [(socket: WebSocketLive) => socket.frame(OPCODE.text, Buffer.from([0xff])), 1007],
  ] as const) {
    const socket = connect(await echoes())
    await socket.accepted()
    send(socket)
    expect((await socket.closed()).code).toBe(code)
  }
})

/** A server that accepts, and sends what a server must not. */
async function wrong(bytes: readonly number[]): Promise<WebSocketLive> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.once('data', (head) => {
      const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(head.toString())![1]!
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`)
      socket.write(Buffer.from(bytes))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => server.close())
  const socket = connect(server)
  await socket.accepted()
  return socket
}

test.each([
  ['a masked frame', [0x81, 0x81, 0, 0, 0, 0, 0x61], 'is masked'],
  ['a reserved bit', [0xc1, 1, 0x61], 'reserved bit'],
  ['a Ping in pieces', [0x09, 0], 'in pieces'],
  ['a continuation of nothing', [0x80, 0], 'frames of two messages'],
  ['a second message inside the first', [0x01, 0, 0x01, 0], 'frames of two messages'],
  ['half a code', [0x88, 1, 3], 'half a code'],
])('a server that sends %s is found out', async (_, bytes, words) => {
  const socket = await wrong(bytes)
  await expect(socket.next()).rejects.toThrow(words)
})

test('an answer that is no 101 is told', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: () => false })
  await once(server, 'listening')
  closing.push(() => server.close())
  const socket = connect(server)
  await expect(socket.accepted()).rejects.toThrow('answered with 401')
  expect((await socket.denied()).status).toBe(401)
})
