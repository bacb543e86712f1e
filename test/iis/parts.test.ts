// The parts of the handler, each by itself: locks, starts, what it is called with.
import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectTo } from '../../plugin/iis/handler/connect.ts'
import { Instance } from '../../plugin/iis/handler/instance.ts'
import { Locks } from '../../plugin/iis/handler/locks.ts'
import { readOptions } from '../../plugin/iis/handler/options.ts'
import { Requests } from '../../plugin/iis/handler/requests.ts'
import { SidegateStarter } from '../../plugin/iis/handler/start.ts'
import { Log } from '../../sidecar/log.ts'
import { FastcgiClient } from '../../sidecar/wire/fastcgi-client.ts'
import { freePort, temporaryFolder, until } from '../harness.ts'
import { iisVariables } from './instance.ts'

let folder: ReturnType<typeof temporaryFolder>
let records: string
const log = new Log('text', { write: () => true }, { write: (text) => (records += text) })
const servers: Server[] = []

beforeEach(() => {
  folder = temporaryFolder()
  records = ''
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  folder.remove()
})

describe('locks', () => {
  test('of many who want the next number one gets it; the old ones are removed', () => {
    const one = new Locks(folder.path)
    const other = new Locks(folder.path)
    expect(one.newest()).toBeUndefined()
    expect([one.take(0), other.take(0), other.take(1), one.take(1)]).toEqual([1, undefined, 2, undefined])
    expect(one.newest()).toMatchObject({ number: 2, started: undefined })
  })

  test('who still thinks of a number long gone gets none, although its file is gone', () => {
    const locks = new Locks(folder.path)
    locks.take(0)
    locks.take(1)
    locks.take(2)
    expect(new Locks(folder.path).take(1)).toBeUndefined()
    expect(locks.newest()!.number).toBe(3)
  })

  test('what is known is added to, and stays; what is just being written is not known yet', () => {
    const locks = new Locks(folder.path)
    const number = locks.take(0)!
    locks.write(number, { line: 'unix:/x' })
    locks.write(number, { pid: 7 })
    locks.write(number, { ended: 'it ended' })
    locks.write(number, { ended: 'why is not known' })
    appendFileSync(locks.path(number), '{"served"')
    expect(locks.newest()!.started).toEqual({ line: 'unix:/x', pid: 7, ended: 'it ended' })
  })
})

describe('a lock that a full disk, a lost power or a clock has left', () => {
  const logs = (): string => join(folder.path, 'logs')
  const path = (): string => join(logs(), 'sidegate-iis.7.lock')

  test.each([
    ['cut and written on', '{"line":"pip{"pid":5}\n'],
    ['zeros', `${'\0'.repeat(40)}\n`],
    ['no facts', '{"line":5}\nnull\n"x"\n[]\n{"line":"nonsense::"}\n'],
  ])('%s: it says nothing', (_, text) => {
    const locks = new Locks(logs())
    writeFileSync(path(), text)
    expect(locks.newest()).toMatchObject({ number: 7, started: undefined })
    locks.write(7, { line: 'pipe:x' })
    locks.write(7, { served: true })
    expect(locks.newest()?.started).toMatchObject({ line: 'pipe:x', served: true })
  })

  test('of a time to come: of any age', () => {
    const locks = new Locks(logs())
    writeFileSync(path(), '')
    const later = Date.now() / 1000 + 86_400
    utimesSync(path(), later, later)
    expect(locks.newest()?.age).toBe(Infinity)
  })

  test('the folder is gone: there is none', () => {
    const locks = new Locks(logs())
    rmSync(logs(), { recursive: true })
    expect(locks.newest()).toBeUndefined()
    expect(locks.take(0)).toBe(1)
  })
})

describe('a start', () => {
  const starter = (main: string): SidegateStarter =>
    new SidegateStarter({ main, site: folder.path, logs: join(folder.path, 'logs') }, log)

  test('that fails is told, with the reason, and no other is tried at once', async () => {
    const main = join(folder.path, 'main.mjs')
    writeFileSync(main, 'process.exit(3)')
    const failed = { code: 'IIS_START', status: 503, message: expect.stringContaining('exit code 3') }
    await expect(starter(main).ensure()).rejects.toMatchObject(failed)
    await expect(starter(main).ensure()).rejects.toMatchObject(failed)
    expect(records.match(/Sidegate was started/g)).toHaveLength(1)
  })

  test('that cannot be written down is told, and nobody waits for it', async () => {
    const main = join(folder.path, 'main.mjs')
    writeFileSync(main, '')
    mkdirSync(join(folder.path, 'logs/sidegate-start.log'), { recursive: true })
    const failed = { code: 'IIS_START', status: 503, message: expect.stringContaining('sidegate-start.log') }
    await expect(starter(main).ensure()).rejects.toMatchObject(failed)
    await expect(starter(main).ensure()).rejects.toMatchObject(failed)
    expect(new Locks(join(folder.path, 'logs')).newest()).toBeUndefined()
  })

  test('a Sidegate is used, whatever became of the folder for its lock', async () => {
    const one = starter('')
    rmSync(join(folder.path, 'logs'), { recursive: true })
    writeFileSync(join(folder.path, 'logs'), '')
    expect(() => one.found()).not.toThrow()
    await until('it is told', () => records.includes('the lifeline of Sidegate cannot be held: '))
  })

  test('a lock whose Sidegate is gone is told and overcome', async () => {
    mkdirSync(join(folder.path, 'logs'))
    const gone = { line: `unix:${join(folder.path, 'nobody')}`, pid: 4_000_000, served: true }
    writeFileSync(join(folder.path, 'logs/sidegate-iis.3.lock'), `${JSON.stringify(gone)}\n`)
    const main = join(folder.path, 'main.mjs')
    writeFileSync(main, 'process.exit(3)')
    await expect(starter(main).ensure()).rejects.toMatchObject({ code: 'IIS_START' })
    expect(records).toMatch(
      /sidegate-iis\.3\.lock \(process 4000000\) is gone: nobody holds its lifeline.*IIS_LOCK_STALE/,
    )
  })
})

test('nobody at the address: told after the time for a restart', async () => {
  const endpoint = { kind: 'tcp', host: '127.0.0.1', port: await freePort() } as const
  await expect(connectTo(endpoint, undefined, 0)).rejects.toMatchObject({ code: 'IIS_NO_GATEWAY', status: 502 })
  const starter = { ensure: async () => {}, found: () => {} }
  await expect(connectTo(endpoint, starter, 0)).rejects.toThrow('its `listen` has to name that address')
})

test('Sidegate is gone while a request begins: nothing of that goes to the next one', () => {
  const requests = new Requests()
  const bytes = Buffer.from(new FastcgiClient().request(iisVariables({ path: '/a' }), 0))
  expect(requests.take(bytes.subarray(0, 10)).onward).toEqual([])
  expect(requests.lost()).toHaveLength(1)
  expect(requests.take(bytes.subarray(10)).onward).toEqual([])
  expect(requests.inHand).toEqual([])
})

test('the log names what was asked for, whatever headers say', () => {
  const requests = new Requests()
  const variables = { HTTP_X_ORIGINAL_URL: '/other', UNENCODED_URL: '/a%20b' }
  requests.take(Buffer.from(new FastcgiClient().request(iisVariables({ path: '/a b', variables }), 0)))
  expect(requests.inHand[0]?.named).toEqual({ method: 'GET', uri: '/a%20b' })
})

test('what it is called with', () => {
  expect(readOptions(['127.0.0.1:9000', '/srv/site', '--start'])).toEqual({
    endpoint: { kind: 'tcp', host: '127.0.0.1', port: 9000 },
    site: '/srv/site',
    start: true,
  })
  expect(readOptions(['pipe:shop', '/srv/site']).endpoint).toEqual({ kind: 'pipe', name: 'shop' })
  const wrong = [[], ['127.0.0.1:9000'], ['127.0.0.1:9000', 'site'], ['uwsgi://127.0.0.1:9000', '/srv'], ['--stop']]
  for (const words of wrong) {
    expect(() => readOptions(words)).toThrow(expect.objectContaining({ code: 'IIS_HANDLER' }))
  }
  expect(() => readOptions(['9000', '/srv'])).toThrow(expect.objectContaining({ code: 'ADDRESS_BAD' }))
})

/** An instance whose web server is this test: what it writes is collected. */
function instanceAt(port: number, patience?: number): { web: PassThrough; sent: () => string; instance: Instance } {
  const web = new PassThrough()
  let sent = ''
  web.write = ((bytes: Uint8Array) => (sent += Buffer.from(bytes).toString('latin1')) !== '') as typeof web.write
  const endpoint = { kind: 'tcp', host: '127.0.0.1', port } as const
  const instance = new Instance(web, () => connectTo(endpoint, undefined, patience), log)
  return { web, sent: () => sent, instance }
}

test('what cannot be handed on is answered here: HEAD without a body, and an upload to its end', async () => {
  const { web, sent } = instanceAt(await freePort(), 0)
  const ends = (): number => sent().split('\x01\x03\0\x01').length - 1
  web.push(Buffer.from(new FastcgiClient().request(iisVariables({ path: '/head', method: 'HEAD' }), 0)))
  await until('an answer', () => ends() === 1)
  expect(sent()).toContain('Status: 502 Bad Gateway')
  expect(sent()).not.toContain('IIS_NO_GATEWAY')
  expect(records).toContain('code=IIS_NO_GATEWAY')
  const client = new FastcgiClient()
  const body = Buffer.alloc(1_000_000)
  web.push(Buffer.from(client.request(iisVariables({ path: '/up', method: 'POST', body }), body.length)))
  await until('an answer', () => ends() === 2)
  // The rest of it comes all the same, and the next request behind it in one piece.
  const next = new FastcgiClient().request(iisVariables({ path: '/next' }), 0)
  web.push(Buffer.concat([...client.data(body), client.finish()!, next].map((piece) => Buffer.from(piece))))
  await until('an answer', () => ends() === 3)
  expect(sent().match(/IIS_NO_GATEWAY/g)).toHaveLength(2)
})

/** The answer to GET_VALUES that asks for none; the question is as long. */
const VALUES = Buffer.from([1, 10, 0, 0, 0, 0, 0, 0])

test('a connection that nobody answers on carries no request: it is made again', async () => {
  const peers: Socket[] = []
  const server = createServer((socket) => {
    peers.push(socket)
    // As that of a process that was killed, whose sockets are still being closed.
    const killed = peers.length === 1
    socket.once('data', () => (killed ? socket.resetAndDestroy() : socket.write(VALUES)))
  })
  servers.push(server)
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { web, sent, instance } = instanceAt(port)
  const request = Buffer.from(new FastcgiClient().request(iisVariables({ path: '/a' }), 0))
  web.push(request)
  await until('it is there', () => peers.length === 2 && peers[1]!.bytesRead === VALUES.length + request.length)
  expect([peers[0]!.bytesRead, sent()]).toEqual([VALUES.length, ''])
  web.push(null)
  expect(await instance.ended).toBe(0)
})

test('one request at a time; one that is taken back ends, with Sidegate or without', async () => {
  const peers: Socket[] = []
  const server = createServer((socket) => {
    peers.push(socket)
    // What every fresh connection is asked.
    socket.once('data', () => socket.write(VALUES))
  })
  servers.push(server)
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { web, sent, instance } = instanceAt(port)
  const client = new FastcgiClient()
  const first = Buffer.from(client.request(iisVariables({ path: '/a' }), 0))
  web.push(first)
  // With another id: refused as FastCGI has it (CANT_MPX_CONN), and the first goes on.
  const second = Buffer.from(first)
  for (let at = 0; at < second.length; at += 8 + second.readUInt16BE(at + 4) + second[at + 6]!) second[at + 3] = 2
  web.push(second)
  await until('it is refused', () => sent().endsWith('\x01\x03\0\x02\0\x08\0\0\0\0\0\0\x01\0\0\0'))
  await until('it is there', () => peers.length === 1 && peers[0]!.bytesRead > VALUES.length)
  web.push(Buffer.from(client.abort()))
  await until('it is passed on', () => peers[0]!.bytesRead >= VALUES.length + first.length + 8)
  peers[0]!.destroy()
  await until('its end', () => sent().includes('\x01\x03\0\x01'))
  // Nobody waits for it any more.
  expect(records).toBe('')
  web.push(first)
  await until('the next one', () => peers.length === 2 && peers[1]!.bytesRead > VALUES.length)
  peers[1]!.destroy()
  await until('its answer', () => sent().includes('IIS_GATEWAY_LOST'))
  web.push(null)
  expect(await instance.ended).toBe(0)
})
