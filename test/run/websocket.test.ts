// A WebSocket to an ASGI app on uvicorn, through a run mount.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { apps, missing, programs } from './programs.ts'

const uvicorn = programs.find(({ needs }) => needs.includes('uvicorn'))!
const without = missing(uvicorn)

describe.skipIf(without.length > 0 && process.env.CI !== 'true')(`uvicorn (needs ${uvicorn.needs.join(', ')})`, () => {
  let gateway: TestGateway
  beforeAll(async () => {
    const mounts = [{ key: '/mounted', kind: run, settings: { stopTimeout: 5, ...uvicorn.settings } }]
    gateway = await startGateway({ listen: ['127.0.0.1:0'], directory: apps, mounts })
  })
  afterAll(() => gateway?.stop())

  test('what is sent comes back, and an end is an end', async () => {
    const [host, port] = gateway.addresses[0]!.split(':')
    const socket = connect(Number(port), host)
    let received = Buffer.alloc(0)
    socket.on('data', (bytes) => (received = Buffer.concat([received, bytes])))
    await once(socket, 'connect')
    socket.write(
      'GET /mounted/echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await until('the answer', () => received.includes('\r\n\r\n'))
    const head = received.toString('latin1')
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    // RFC 6455 1.3: the answer to the key of its own example.
    expect(head).toMatch(/sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i)
    // RFC 6455 5.2: a text frame of three bytes, masked with zeros, and the same without a mask back.
    socket.write(Buffer.from([0x81, 0x83, 0, 0, 0, 0, ...Buffer.from('abc')]))
    await until('the echo', () => received.includes(Buffer.from([0x81, 3, ...Buffer.from('cba')])))
    const closed = once(socket, 'close')
    socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]))
    await closed
  })
})
