// The time limits of a door, each shortened to some hundredths of a second: without it the test would wait for ever.
import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { connect, Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import { parseAddress } from '../../sidecar/address.ts'
import { LIMITS } from '../../sidecar/listen/limits.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { until } from '../harness.ts'
import { limit, startGateway, text } from './gateway.ts'
import { connectTo, readAll, talk, uwsgiRequest } from './peer.ts'

afterEach(() => void vi.useRealTimers())

const SHORT = 60
const variables = {
  REQUEST_METHOD: 'POST',
  REQUEST_URI: '/',
  PATH_INFO: '/',
  QUERY_STRING: '',
  SERVER_NAME: 'h',
  SERVER_PORT: '80',
  SERVER_PROTOCOL: 'HTTP/1.1',
  HTTP_HOST: 'h',
}
const clients = { uwsgi, fastcgi, scgi, ajp }

/** A request with a body of ten bytes of which three come, by each protocol. */
const begun: Record<string, Uint8Array> = {
  http: Buffer.from('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc'),
}
/** A request without a body. */
const whole: Record<string, Uint8Array> = { http: Buffer.from('POST / HTTP/1.1\r\nHost: h\r\n\r\n') }
for (const [name, protocol] of Object.entries(clients)) {
  const codec = protocol.client()
  begun[name] = Buffer.concat([
    codec.request({ ...variables, CONTENT_LENGTH: '10' }, 10),
    ...codec.data(Buffer.from('abc')),
  ])
  const other = protocol.client()
  whole[name] = Buffer.concat([other.request(variables, 0), other.finish() ?? Buffer.of()])
}

const reads = async (exchange: Exchange): Promise<void> => {
  for await (const bytes of exchange.body) void bytes
  text('read')(exchange)
}

/** Writes until that fails, because the other side has closed altogether, and not only its own direction. */
async function untilClosed(socket: Socket): Promise<string> {
  const closed = new Promise<void>((resolve) => void socket.resume().on('close', () => resolve()))
  while (!socket.closed) {
    socket.write('x')
    // Seldom enough to leave the limit its time between two bytes.
    await Promise.race([pause(4 * SHORT), closed])
  }
  return 'closed'
}

/** A client that keeps its own direction open when the other side has ended. */
async function stubborn(address: string): Promise<Socket> {
  const { endpoint } = parseAddress(address, 'test')
  if (endpoint.kind !== 'tcp') throw new Error(`${address} is no TCP address`)
  const socket = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

describe('head', () => {
  /** In seconds; the least that may be set. */
  const headTimeout = 0.1

  test('a head that stops is answered with 408', async () => {
    const { addresses, errors } = await startGateway([{ address: 'http://127.0.0.1:0', headTimeout }], text('never'))
    expect(await talk(addresses[0]!, 'GET / HTTP/1.1\r\nHos')).toMatch(
      /^HTTP\/1\.1 408 [^]*\r\n\r\n408 [^]*HEAD_TIMEOUT/,
    )
    expect(errors).toMatchObject([{ code: 'HEAD_TIMEOUT', blame: 'peer' }])
  })

  test('a head that trickles too', async () => {
    const { addresses } = await startGateway([{ address: 'http://127.0.0.1:0', headTimeout }], text('never'))
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    const trickle = setInterval(() => socket.write('x'), SHORT / 6)
    socket.write('GET / HTTP/1.1\r\nA: ')
    expect(await answer).toMatch(/HEAD_TIMEOUT/)
    clearInterval(trickle)
  })

  test('the next head on a kept connection has its own time', async () => {
    const { addresses } = await startGateway(
      [{ address: 'http://127.0.0.1:0', headTimeout: (20 * SHORT) / 1000 }],
      text('served'),
    )
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    for (const piece of [
      'GET / HTTP/1.1\r\n',
      'Host: h\r\n\r\n',
      'GET / HTTP/1.1\r\n',
      'Host: h\r\nConnection: close\r\n\r\n',
    ]) {
      socket.write(piece)
      await pause(7 * SHORT)
    }
    expect((await answer).match(/served/g)).toHaveLength(2)
  })

  test.each(Object.keys(clients))('%s: half a head is closed', async (name) => {
    const { addresses } = await startGateway([{ address: `${name}://127.0.0.1:0`, headTimeout }], text('never'))
    expect(await talk(addresses[0]!, begun[name]!.subarray(0, 12))).not.toContain('never')
  })

  test('fastcgi: a head that trickles beside a request in flight', async () => {
    const handled: Exchange[] = []
    const { addresses, errors } = await startGateway([{ address: 'fastcgi://127.0.0.1:0', headTimeout }], (one) => {
      handled.push(one)
    })
    const socket = await connectTo(addresses[0]!)
    socket.write(whole.fastcgi!)
    await until('the first request', () => handled.length === 1)
    const begin = [1, 1, 0, 2, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    const variablesBegin = [1, 4, 0, 2, 0, 200, 0, 0]
    socket.write(Buffer.from([...begin, ...variablesBegin]))
    await untilClosed(socket)
    expect(errors).toMatchObject([{ code: 'HEAD_TIMEOUT', blame: 'peer' }])
    expect(handled.map(({ state }) => state)).toEqual(['aborted'])
  })

  test('a first byte that could be of several protocols is closed', async () => {
    limit({ first: SHORT })
    const { addresses } = await startGateway(['127.0.0.1:0'], text('never'))
    expect(await talk(addresses[0]!, Buffer.of(1))).toBe('')
  })

  test('a connection that has to begin with a PROXY header, and does not', async () => {
    limit({ first: SHORT })
    const { addresses } = await startGateway(
      [{ address: 'http://127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }],
      text('never'),
    )
    expect(await talk(addresses[0]!, 'PROXY TCP4 ')).toBe('')
    expect(await talk(addresses[0]!)).toBe('')
  })
})

describe('body', () => {
  test.each(Object.keys(begun))('%s: a body that an app waits for and that stops is 408', async (name) => {
    limit({ body: SHORT })
    const { addresses, errors } = await startGateway([`${name}://127.0.0.1:0`], reads)
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(begun[name]!)
    await until('it is told', () => errors.length > 0)
    expect(errors).toMatchObject([{ code: 'BODY_TIMEOUT', blame: 'peer' }])
    socket.end()
    expect(await answer).toMatch(/408[^]*BODY_TIMEOUT/)
  })

  test('an app that does not read yet costs the client nothing', async () => {
    limit({ body: SHORT })
    let go: (() => void) | undefined
    const { addresses, errors } = await startGateway(['http://127.0.0.1:0'], async (exchange) => {
      await new Promise<void>((resolve) => (go = resolve))
      await reads(exchange)
    })
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(begun.http!)
    await until('the app has it', () => go)
    await pause(4 * SHORT)
    go!()
    socket.end('defghij')
    expect(await answer).toContain('read')
    expect(errors).toEqual([])
  })
})

test.each(Object.keys(begun))('send: %s: a client that takes nothing of its response is cut', async (name) => {
  limit({ send: SHORT })
  const { addresses, gateway, accesses } = await startGateway([`${name}://127.0.0.1:0`], (exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [] })
    const block = Buffer.alloc(1024 * 1024)
    for (let count = 0; count < 16; count++) exchange.write(block)
  })
  const socket = await connectTo(addresses[0]!)
  socket.pause().write(whole[name]!)
  await until('it is over', () => {
    gateway.log.flush()
    return accesses.length > 0
  })
  expect(accesses).toMatchObject([{ code: 'SEND_TIMEOUT', status: 200 }])
  socket.destroy()
})

describe('idle', () => {
  const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

  test('a kept connection without a request is closed', async () => {
    limit({ idle: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('served'))
    expect(await talk(addresses[0]!, get)).toContain('served')
  })

  test('one whose next request takes longer than that stays, and is closed after it', async () => {
    limit({ idle: SHORT })
    const slow = async (exchange: Exchange): Promise<void> => {
      if (exchange.variables.PATH_INFO === '/slow') await pause(4 * SHORT)
      text('served')(exchange)
    }
    const { addresses } = await startGateway(['http://127.0.0.1:0'], slow)
    const requests = get + get.replace('/', '/slow')
    expect((await talk(addresses[0]!, requests)).match(/served/g)).toHaveLength(2)
  })

  test('one whose first bytes came in time to a gateway that was busy longer stays, with a PROXY header and behind one', async () => {
    const first = 200
    limit({ first, idle: first })
    const proxyProtocol = ['127.0.0.1']
    const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n'
    const last = get.replace('Host', 'Connection: close\r\nHost')
    for (const [settings, pieces] of [
      [{}, [uwsgiRequest('/').subarray(0, 1), uwsgiRequest('/').subarray(1)]],
      [{ proxyProtocol }, [header.slice(0, 10), header.slice(10) + last]],
      [{ proxyProtocol }, ['', header + last]],
      [{ proxyProtocol }, [header, last]],
    ] as const) {
      const { addresses } = await startGateway([{ address: '127.0.0.1:0', ...settings }], text('served'))
      const socket = await connectTo(addresses[0]!)
      socket.write(pieces[0])
      // It has been read.
      for (let turn = 0; turn < 5; turn++) await nextTurn()
      socket.write(pieces[1])
      for (const since = performance.now(); performance.now() - since < 2 * first;);
      expect(await readAll(socket)).toContain('served')
    }
  })

  test('one whose next request came in time to a gateway that was busy longer stays', async () => {
    limit({ idle: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('served'))
    const socket = await connectTo(addresses[0]!)
    socket.write(get)
    await once(socket, 'data')
    socket.write(get.replace('Host', 'Connection: close\r\nHost'))
    for (const since = performance.now(); performance.now() - since < 3 * SHORT;);
    expect(await readAll(socket)).toContain('served')
  })

  test('its clock is set once a request', async () => {
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('served'))
    const socket = await connectTo(addresses[0]!)
    const ask = async (): Promise<void> => {
      socket.write(get)
      expect(String((await once(socket, 'data'))[0])).toContain('served')
    }
    await ask()
    const set = vi.spyOn(Socket.prototype, 'setTimeout')
    for (let count = 0; count < 5; count++) await ask()
    expect(set).toHaveBeenCalledTimes(5)
    set.mockRestore()
    socket.destroy()
  })

  test('one whose client took its time to read, too', async () => {
    limit({ idle: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('x'.repeat(8 * 1024 * 1024)))
    const socket = await connectTo(addresses[0]!)
    socket.pause().write(get)
    await pause(SHORT)
    expect(await readAll(socket.resume())).toMatch(/x$/)
  })

  test('one whose last body nobody read, and whose rest does not come', async () => {
    limit({ idle: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('early'))
    const socket = await connectTo(addresses[0]!)
    const answer = readAll(socket)
    socket.write(begun.http!)
    expect(await answer).toContain('early')
  })

  test('one that waits behind its PROXY header', async () => {
    limit({ idle: SHORT })
    const { addresses } = await startGateway(
      [{ address: 'http://127.0.0.1:0', proxyProtocol: ['127.0.0.1'] }],
      text('never'),
    )
    expect(await talk(addresses[0]!, 'PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n')).toBe('')
  })

  test('sweep: one on which nothing was ever sent; one that is in use stays', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('served'))
    const silent = await connectTo(addresses[0]!)
    const closed = readAll(silent)
    const [used, late] = [await connectTo(addresses[0]!), await connectTo(addresses[0]!)]
    const [answer, lateAnswer] = [readAll(used), readAll(late)]
    used.write('GET / HTTP/1.1\r\n')
    await vi.advanceTimersByTimeAsync(LIMITS.idle)
    expect(silent.readyState).toBe('open')
    late.write(get.replace('Host', 'Connection: close\r\nHost'))
    // It has come, and nobody has looked.
    vi.advanceTimersByTime(15_000)
    expect(await lateAnswer).toContain('served')
    await vi.advanceTimersByTimeAsync(15_000)
    expect(await closed).toBe('')
    used.write('Host: h\r\nConnection: close\r\n\r\n')
    expect(await answer).toContain('served')
  })
})

describe('linger', () => {
  test('a client that goes on sending a body that was answered', async () => {
    limit({ linger: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('early'))
    const socket = await stubborn(addresses[0]!)
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1000\r\n\r\nabc')
    expect(await untilClosed(socket)).toBe('closed')
  })

  test('a client that goes on after bytes that were no request', async () => {
    limit({ linger: SHORT })
    const { addresses } = await startGateway(['http://127.0.0.1:0'], text('never'))
    const socket = await stubborn(addresses[0]!)
    socket.write('GET / HTTP/1.1\r\n folded\r\n\r\n')
    expect(await untilClosed(socket)).toBe('closed')
  })

  test('a client whose head was refused is not late with it as well', async () => {
    limit({ linger: SHORT })
    const { addresses, errors } = await startGateway(['http://127.0.0.1:0'], text('never'))
    const socket = await stubborn(addresses[0]!)
    socket.write('GET / HTTP/1.1\r\n')
    await pause(SHORT / 2)
    socket.resume().write(' folded\r\n\r\n')
    await once(socket, 'end')
    await pause(4 * SHORT)
    socket.destroy()
    expect(errors.map(({ code }) => code)).toEqual(['HTTP_SYNTAX'])
  })

  test('a client that speaks another protocol', async () => {
    limit({ linger: SHORT })
    const { addresses } = await startGateway(['uwsgi://127.0.0.1:0'], text('never'))
    const socket = await stubborn(addresses[0]!)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect(await untilClosed(socket)).toBe('closed')
  })

  test('FastCGI: a body without its end, which the host may still write', async () => {
    limit({ linger: SHORT })
    const { addresses } = await startGateway(['fastcgi://127.0.0.1:0'], text('early'))
    const socket = await stubborn(addresses[0]!)
    socket.write(begun.fastcgi!)
    expect(await untilClosed(socket)).toBe('closed')
  })
})
