// Open WebSockets: messages both ways, and how they end.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { OPCODE, type WebSocketLive } from '../../websocket.ts'
import { bytes } from '../bodies.ts'
import { follows, isOSError, noted, notes, release, settled, socketCase, stillServes } from './asked.ts'

const RECEIVE = 'ASGI WebSocket "Receive - receive event"'
const SEND = 'ASGI WebSocket "Send - send event"'
const DISCONNECT = 'ASGI WebSocket "Disconnect - receive event"'
const CLOSE = 'ASGI WebSocket "Close - send event"'
const MEGABYTE = bytes(1024 * 1024)
const BLOCK = bytes(64 * 1024)
/** More than all sockets and buffers on the way take: 64 MB. */
const FLOOD_MESSAGES = 1024

/** An open WebSocket, closed in the end. */
function open(
  one: Omit<Parameters<typeof socketCase>[0], 'app' | 'socket'> & { app?: string; talk: NonNullable<Case['socket']> },
): Case {
  const { talk, app = 'echo', ...rest } = one
  return socketCase({
    ...rest,
    app,
    async socket(socket, run) {
      await socket.accepted()
      await talk(socket, run)
    },
  })
}

/** Frames that a server has to fail the connection for, with the code that it has to give. */
function violation(name: string, spec: string, code: number, send: (socket: WebSocketLive) => void): Case {
  return open({
    name: `websocket-${name}`,
    spec,
    async talk(socket, run) {
      send(socket)
      equal((await socket.closed()).code, code)
      await socket.live.wait('the end of the connection', () => socket.live.ended)
      await stillServes(run)
    },
  })
}

export const websockets: readonly Case[] = [
  open({
    name: 'websocket-text',
    spec: `${RECEIVE}; ${SEND}`,
    async talk(socket, run) {
      socket.text('caf\u00e9 \u20ac \u{1F980} \0')
      equal(await socket.nextText(), 'caf\u00e9 \u20ac \u{1F980} \0')
      socket.close(1000)
      await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      equal((await notes(run)).odd, undefined, 'exactly one of text and bytes is not None')
    },
  }),
  open({
    name: 'websocket-binary',
    spec: `${RECEIVE}; ${SEND}`,
    async talk(socket) {
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      socket.binary(every)
      const { kind, data } = await socket.next()
      deepEqual([kind, data.equals(every)], ['binary', true])
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-empty',
    spec: `${RECEIVE}: an empty message is a message`,
    async talk(socket, run) {
      socket.text('')
      socket.binary(Buffer.alloc(0))
      deepEqual(
        [await socket.next(), await socket.next()],
        [
          { kind: 'text', data: Buffer.alloc(0) },
          { kind: 'binary', data: Buffer.alloc(0) },
        ],
      )
      socket.close(1000)
      await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      equal((await notes(run)).odd, undefined, 'exactly one of text and bytes is not None')
    },
  }),
  open({
    name: 'websocket-other-key-none',
    spec: `${SEND}: one of text and bytes, the other may be None`,
    app: 'both-keys',
    async talk(socket) {
      equal(await socket.nextText(), 'text')
      deepEqual(await socket.next(), { kind: 'binary', data: Buffer.from('bytes') })
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-fragments',
    spec: 'RFC 6455 5.4: a message in frames is one message, control frames may stand between them',
    async talk(socket) {
      socket.frame(OPCODE.text, Buffer.from('in '), { fin: false })
      socket.frame(OPCODE.ping, Buffer.from('between'))
      socket.frame(OPCODE.continuation, Buffer.from([0xe2, 0x82]), { fin: false })
      socket.frame(OPCODE.continuation, Buffer.from([0xac]))
      equal((await socket.pong()).toString(), 'between')
      equal(await socket.nextText(), 'in \u20ac')
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-large',
    spec: `${RECEIVE}; ${SEND}: 1 MB is one message`,
    async talk(socket) {
      socket.binary(MEGABYTE)
      ok((await socket.next()).data.equals(MEGABYTE))
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-order',
    spec: `${RECEIVE}: message by message, in their order`,
    async talk(socket) {
      const texts = Array.from({ length: 500 }, (_, i) => `message ${i}`)
      for (const text of texts) socket.text(text)
      const back: string[] = []
      for (let i = 0; i < texts.length; i++) back.push(await socket.nextText())
      deepEqual(back, texts)
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-both-ways',
    spec: 'an app may send while it waits to receive',
    app: 'by-itself',
    async talk(socket) {
      deepEqual([await socket.nextText(), await socket.nextText(), await socket.nextText()], ['0', '1', '2'])
      socket.text('at last')
      equal(await socket.nextText(), 'got at last')
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-ping',
    spec: 'ASGI WebSocket: the server answers a Ping (RFC 6455 5.5.3), the app sees nothing of it',
    async talk(socket) {
      socket.frame(OPCODE.ping, Buffer.from('payload'))
      equal((await socket.pong()).toString(), 'payload')
      socket.frame(OPCODE.pong, Buffer.from('unasked'))
      socket.text('still there')
      equal(await socket.nextText(), 'still there')
      socket.close(1000)
    },
  }),
  open({
    name: 'websocket-close-client',
    spec: `${DISCONNECT}: the code of the client; RFC 6455 5.5.1: its Close frame is answered`,
    async talk(socket, run) {
      socket.close(4002, 'bye')
      equal((await socket.closed()).code, 4002)
      const { disconnect } = await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      equal(disconnect?.code, 4002)
      await socket.live.wait('the end of the connection', () => socket.live.ended)
    },
  }),
  open({
    name: 'websocket-close-client-reason',
    spec: `${DISCONNECT} (2.5): the reason of the client`,
    async talk(socket, run) {
      socket.close(4002, 'bye \u20ac')
      const seen = await noted(run, 'the end', (found) => found.disconnect !== undefined)
      follows(seen, '2.5')
      equal(seen.disconnect?.reason, 'bye \u20ac')
    },
  }),
  open({
    name: 'websocket-close-client-no-code',
    spec: `${DISCONNECT}: 1005 when the client gives none`,
    async talk(socket, run) {
      socket.close()
      const { disconnect } = await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      equal(disconnect?.code, 1005)
      equal(disconnect?.reason ?? '', '')
    },
  }),
  open({
    name: 'websocket-client-lost',
    spec: `${DISCONNECT}: when the connection is lost; RFC 6455 7.1.5: 1006`,
    async talk(socket, run) {
      socket.text('there')
      await socket.nextText()
      socket.live.destroy()
      const { disconnect } = await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      equal(disconnect?.code, 1006)
    },
  }),
  open({
    name: 'websocket-messages-before-close',
    spec: `${DISCONNECT}: behind all messages that came before`,
    app: 'gone',
    async talk(socket, run) {
      equal(await socket.nextText(), 'ready')
      for (let i = 0; i < 100; i++) socket.text(String(i))
      socket.close(1000)
      const { received, disconnect } = await noted(run, 'the end', (seen) => seen.disconnect !== undefined)
      deepEqual([received, disconnect?.code], [100, 1000])
    },
  }),
  open({
    name: 'websocket-send-after-disconnect',
    spec: 'ASGI WebSocket "Disconnected Client - send exception" (2.4): an OSError',
    app: 'gone',
    async talk(socket, run) {
      equal(await socket.nextText(), 'ready')
      socket.close(1000)
      const seen = await noted(run, 'the app has sent to nobody', (found) => found.raised !== undefined)
      follows(seen, '2.4')
      isOSError(seen.raised![0])
    },
  }),
  open({
    name: 'websocket-send-under-way-lost',
    spec: 'ASGI WebSocket "Disconnected Client - send exception" (2.4): the app need not receive for it',
    app: 'endless',
    async talk(socket, run) {
      await socket.next()
      socket.live.destroy()
      const seen = await noted(run, 'the app is stopped', (found) => found.ended !== undefined)
      follows(seen, '2.4')
      isOSError(seen.ended)
    },
  }),
  ...[
    ['default', '', 1000, '', '1000 unless the app says another'],
    ['code', 'code=4001&', 4001, '', 'the code of the app'],
    ['reason', 'code=4001&reason=see%20you&', 4001, 'see you', 'and its reason (2.3)'],
  ].map(([name, query, code, reason, words]) =>
    open({
      name: `websocket-close-app-${name}`,
      spec: `${CLOSE}: ${words}`,
      app: 'close',
      request: { target: `/?${query}token=TOKEN` },
      async talk(socket, run) {
        equal(await socket.nextText(), 'last')
        deepEqual(await socket.closed(), { code, reason })
        await socket.live.wait('the end of the connection', () => socket.live.ended)
        await noted(run, 'websocket.disconnect', (seen) => seen.disconnect?.type === 'websocket.disconnect')
      },
    }),
  ),
  open({
    name: 'websocket-send-after-close',
    spec: 'ASGI "Error Handling": what is sent behind the end does nothing, or raises',
    app: 'closed-twice',
    async talk(socket, run) {
      equal((await socket.closed()).code, 1000)
      await noted(run, 'the app has sent more', (seen) => seen.raised !== undefined)
      await stillServes(run)
    },
  }),
  open({
    name: 'websocket-raise-after',
    spec: 'ASGI WebSocket "Connection Scope": if the app dies the socket is closed; RFC 6455 7.4.1: 1011',
    app: 'raise-after',
    async talk(socket, run) {
      equal(await socket.nextText(), 'begun')
      equal((await socket.closed()).code, 1011)
      await socket.live.wait('the end of the connection', () => socket.live.ended)
      await stillServes(run)
    },
  }),
  open({
    name: 'websocket-return-after',
    spec: 'ASGI WebSocket "Connection Scope": it lives as long as the app',
    app: 'return-after',
    async talk(socket, run) {
      equal(await socket.nextText(), 'begun')
      const { code } = await socket.closed()
      ok(code === 1000 || code === 1011, `it was closed with ${code}`)
      await socket.live.wait('the end of the connection', () => socket.live.ended)
      await stillServes(run)
    },
  }),
  open({
    name: 'websocket-flow-control-out',
    spec: `${SEND}: a client that does not read stops the app, not the memory`,
    app: 'endless',
    async talk(socket, run) {
      await socket.next()
      socket.live.pause()
      const sent = async (): Promise<number> => (await notes(run)).sent as number
      await run.until('the app is stopped', settled(sent))
      const { ended } = await notes(run)
      ok(ended === undefined, `the app was not stopped: it sent until ${JSON.stringify(ended)}`)
      socket.live.destroy()
      await noted(run, 'the app ends', (seen) => seen.ended !== undefined)
    },
  }),
  open({
    name: 'websocket-flow-control-in',
    spec: `${RECEIVE}: an app that does not receive stops the client, not the memory`,
    app: 'held-messages',
    async talk(socket, run) {
      for (let i = 0; i < FLOOD_MESSAGES; i++) socket.binary(BLOCK)
      socket.text('end')
      await run.until(
        'the client is stopped',
        settled(() => socket.live.unsent),
      )
      ok(socket.live.unsent > 0, 'the server took 64 MB that nobody received')
      await release(run)
      deepEqual(JSON.parse(await socket.nextText()), [FLOOD_MESSAGES, FLOOD_MESSAGES * BLOCK.length])
      socket.close(1000)
    },
  }),
  violation('unmasked', 'RFC 6455 5.1: a frame of a client is masked', 1002, (socket) =>
    socket.frame(OPCODE.text, Buffer.from('bare'), { masked: false }),
  ),
  violation('reserved-bit', 'RFC 6455 5.2: reserved bits are 0', 1002, (socket) =>
    socket.frame(OPCODE.text, Buffer.from('x'), { reserved: 4 }),
  ),
  violation('reserved-opcode', 'RFC 6455 5.2: an unknown opcode fails the connection', 1002, (socket) =>
    socket.frame(0x3, Buffer.from('x')),
  ),
  violation('control-in-pieces', 'RFC 6455 5.5: control frames are not fragmented', 1002, (socket) =>
    socket.frame(OPCODE.ping, Buffer.from('x'), { fin: false }),
  ),
  violation('control-too-long', 'RFC 6455 5.5: a control frame has 125 bytes at most', 1002, (socket) =>
    socket.frame(OPCODE.ping, Buffer.alloc(126)),
  ),
  violation('continuation-of-nothing', 'RFC 6455 5.4', 1002, (socket) =>
    socket.frame(OPCODE.continuation, Buffer.from('x')),
  ),
  violation('text-not-utf8', 'RFC 6455 8.1', 1007, (socket) => socket.frame(OPCODE.text, Buffer.from([0x63, 0xe9]))),
  violation('close-bad-code', 'RFC 6455 7.4.1: 1005 is never sent', 1002, (socket) => socket.close(1005)),
]
