// What `upgrade` listeners write to their socket: heads in pieces, ordinary responses in every framing, nothing at all.
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { handleUpgrade, type UpgradeListener } from '../../sidecar/handlers/node/upgrade.ts'
import { until } from '../harness.ts'
import { startGateway } from '../listen/gateway.ts'
import { connectTo, readAll, talk } from '../listen/peer.ts'

const request = (more = ''): string =>
  `GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${more}\r\n`

const serve = (take: UpgradeListener) =>
  startGateway(['http://127.0.0.1:0'], (exchange) => {
    expect(handleUpgrade({ wants: () => true, take }, exchange)).toBe(true)
  })

/** What a client gets whose upgrade is answered so; without the fields that node:http adds. */
async function answer(take: UpgradeListener): Promise<string> {
  const { addresses } = await serve(take)
  return (await talk(addresses[0]!, request())).replace(/\r\n(?:Date|Connection): [^\r]*/gi, '')
}

describe('answers', () => {
  const ok = 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello'

  test('a head in pieces', async () => {
    const text = 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello'
    const answered = await answer((_, socket) => {
      for (const character of text) socket.write(character)
      socket.end()
    })
    expect(answered).toBe(ok)
  })

  test('a head and a body that come corked', async () => {
    const answered = await answer((_, socket) => {
      socket.cork()
      socket.write('HTTP/1.0 200 OK\r\nX-A:b\r\n')
      socket.write('Content-Length: 5\r\n\r\nhe')
      socket.write('llo')
      socket.uncork()
      socket.end()
    })
    expect(answered).toBe(ok)
  })

  test('a body of unknown length ends with the socket', async () => {
    const answered = await answer((_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhel')
      socket.end('lo')
    })
    expect(answered).toMatch(/^HTTP\/1\.1 200 OK\r\nX-A: b\r\n[^]*hel[^]*lo/)
  })

  test('a chunked body is taken out of its chunks', async () => {
    const answered = await answer((_, socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      )
    })
    expect(answered).toBe(ok)
  })

  test('a response, and the socket destroyed at once', async () => {
    const answered = await answer((_, socket) => {
      socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
      socket.destroy()
    })
    expect(answered).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
  })

  test('a response that breaks off is cut', async () => {
    const { addresses, accesses, gateway } = await serve((_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello')
      socket.destroy()
    })
    await talk(addresses[0]!, request())
    gateway.log.flush()
    expect(accesses).toMatchObject([{ status: 200, sent: 5, code: 'BODY_TOO_SHORT' }])
  })

  test('a 1xx before the answer goes ahead of it', async () => {
    const answered = await answer((_, socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      socket.end(ok)
    })
    expect(answered).toBe(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}`)
  })

  test.each([
    ['no HTTP', 'hello\r\n\r\n', 'NODE_RAW_SOCKET'],
    ['a head that does not end', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}`, 'NODE_RAW_SOCKET'],
    ['half a head', 'HTTP/1.1 200 OK\r\nX-A: b', 'NODE_RAW_SOCKET'],
    ['a field that is none', 'HTTP/1.1 200 OK\r\nX A: b\r\n\r\n', 'HEADER_NAME'],
    ['a 101 with a length', 'HTTP/1.1 101 Go\r\nContent-Length: 1\r\n\r\n', 'UPGRADE_HEAD'],
  ])('%s is an error of the app', async (_, text, code) => {
    expect(await answer((__, socket) => void socket.end(text))).toMatch(new RegExp(`^HTTP/1\\.1 500 [^]*${code}`))
  })

  test('nothing', async () => {
    const { addresses, errors } = await serve((_, socket) => void socket.destroy())
    expect(await talk(addresses[0]!, request())).toMatch(/^HTTP\/1\.1 400 [^]*UPGRADE_REFUSED/)
    // A path without WebSockets is no news: the access log has it.
    expect(errors).toEqual([])
  })

  test('a large body waits for the client', async () => {
    let held = false
    const { addresses } = await serve((_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const more = (): void => {
        for (let i = 0; i < 512; i++) {
          if (socket.write(Buffer.alloc(64 * 1024))) continue
          held = true
          return void socket.once('drain', () => socket.end())
        }
      }
      more()
    })
    const text = await talk(addresses[0]!, request())
    expect([held, text.length > 64 * 1024]).toEqual([true, true])
  })
})

describe('the socket', () => {
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n'

  test('is the connection once a 101 was written, with what stands behind its head', async () => {
    const { addresses } = await serve((_, socket) => {
      socket.write(`${upgrade}first `)
      socket.pipe(socket)
    })
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(`${request()}second`)
    await until('the echo', () => socket.bytesRead >= (upgrade + 'first second').length)
    socket.end()
    expect(await answer).toBe(`${upgrade}first second`)
  })

  test('tells who the client is, and has the methods of a socket', async () => {
    let seen: unknown
    const { addresses } = await serve((message, socket) => {
      const { remoteAddress, remotePort } = message.socket
      seen = { same: message.socket === socket, remoteAddress, port: typeof remotePort, url: message.url }
      message.socket.setNoDelay(true).setKeepAlive(true).setTimeout(0)
      socket.end('HTTP/1.1 204 No Content\r\n\r\n')
    })
    await talk(addresses[0]!, request())
    expect(seen).toEqual({ same: true, remoteAddress: '127.0.0.1', port: 'number', url: '/x' })
  })

  test('emits timeout after silence, and lives on', async () => {
    let socket: Duplex | undefined
    const { addresses } = await serve((message, given) => {
      socket = given
      given.write(upgrade)
      message.socket.setTimeout(20)
    })
    const client = await connectTo(addresses[0]!)
    client.write(request())
    await until('the socket', () => socket)
    await once(socket!, 'timeout')
    expect(socket!.destroyed).toBe(false)
    const closed = new Promise((resolve) => socket!.once('close', resolve))
    client.resetAndDestroy()
    await closed
  })
})
