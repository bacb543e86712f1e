// sidegate sniff, the real command: what is sent is what is printed, in every protocol.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { nginx, program, temporaryFolder } from '../harness.ts'
import { bodyOf, connectTo, talk, uwsgiRequest } from '../listen/peer.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import { bytesOf } from '../wire/captures.ts'
import { Sidegate, sidegate } from './sidegate.ts'

const folder = temporaryFolder()
let running: Sidegate | undefined

afterEach(async () => {
  await running?.stop()
  running = undefined
})

async function sniff(address: string, ...words: string[]): Promise<{ command: Sidegate; address: string }> {
  const command = new Sidegate(['sniff', address, ...words], folder.path)
  running = command
  const [, found = ''] = await command.said(/listening on (\S+) \(/)
  return { command, address: found.replace(/^[a-z]+:\/\//, '') }
}

interface Printed {
  protocol: string
  variables: Record<string, string>
  dropped: string[]
  refused: string[]
  body: { announced: number | null; received: number; start: string }
  error?: { code: string }
}

const printed = (out: string): Printed[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed)

test('variables as they were sent, those that an app would not get marked, the body, and an answer', async () => {
  const { command, address } = await sniff('127.0.0.1:0')
  const head = uwsgiRequest('/a%20b', {
    HTTP_PROXY: 'http://x',
    UWSGI_FILE: '/x.py',
    CONTENT_LENGTH: '8',
    HTTP_X: 'caf\xc3\xa9 \x1b[0m',
  })
  expect(bodyOf(await talk(address, head, 'a=1\n\xff\0zz'))).toMatch(
    /^sidegate sniff: uwsgi, 11 variables, 8 bytes of body\n$/,
  )
  await command.said(/ {2}body .*\n.*\n\n/)
  const lines = command.out.split('\n').map((line) => line.replace(/ {2,}/g, ' '))
  expect(lines[0]).toBe('uwsgi: GET /a%20b')
  expect(lines).toContain(' REQUEST_METHOD GET')
  expect(lines).toContain(' HTTP_PROXY http://x <- serve leaves this out')
  expect(lines).toContain(' UWSGI_FILE /x.py <- serve refuses a request with this (403)')
  expect(lines).toContain(' HTTP_X café \\x1b[0m')
  expect(lines).toContain(' body 8 bytes, 8 announced')
  expect(lines).toContain(' a=1\\x0a\\xff\\x00zz')
  expect(await command.stop()).toMatchObject({ code: 0 })
})

test('--json, in every protocol by the first bytes; --count ends it', async () => {
  const { command, address } = await sniff(
    `unix:${folder.path}/s.sock`,
    '--json',
    '--count',
    String(protocols.length + 1),
  )
  const sent = {
    REQUEST_METHOD: 'POST',
    REQUEST_URI: '/p?q',
    PATH_INFO: '/p',
    QUERY_STRING: 'q',
    HTTP_HOST: 'h',
    HTTP_PROXY: 'x',
  }
  for (const protocol of protocols) {
    await talkCodec(address, protocol.name, sent)
  }
  await talk(address, 'POST /p?q HTTP/1.1\r\nHost: h\r\nProxy: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody')
  const { code, out } = await command.ended
  expect(code).toBe(0)
  const records = printed(out)
  expect(records.map(({ protocol }) => protocol)).toEqual([...protocols.map(({ name }) => name), 'http'])
  for (const { protocol, variables, dropped, body } of records) {
    expect({ protocol, ...variables }).toMatchObject({ protocol, ...sent })
    expect(dropped).toEqual(['HTTP_PROXY'])
    expect(body).toEqual({ announced: 4, received: 4, start: 'body' })
  }
})

test('captured requests are printed with every variable that their host sent', async () => {
  const { command, address } = await sniff('fastcgi://127.0.0.1:0', '--json', '--count', '1')
  void talk(address, bytesOf('nginx-1.31.5-fastcgi-hdr-proxy-httpoxy.bin'))
  const [record] = printed((await command.ended).out)
  expect(record!.variables).toMatchObject({ REQUEST_URI: '/px', HTTP_PROXY: expect.any(String) })
})

test('AJP: attributes that are none of the variables', async () => {
  const { command, address } = await sniff('ajp://127.0.0.1:0', '--json', '--count', '1')
  const string = (words: string): string => `\0${String.fromCharCode(words.length)}${words}\0`
  const payload = `\x02\x02${string('HTTP/1.1')}${string('/')}${string('')}${string('')}${string('h')}\0\x50\0\0\0\x0a${string('javax.servlet.include.path_info')}${string('/x')}\x0a${string('mine')}${string('1')}\xff`
  void talk(address, `\x12\x34\0${String.fromCharCode(payload.length)}${payload}`)
  const [record] = printed((await command.ended).out)
  expect(record).toMatchObject({
    refused: ['attribute:javax.servlet.include.path_info'],
    dropped: ['attribute:mine'],
    variables: { 'attribute:mine': '1' },
  })
})

test('requests that serve would refuse, and bytes that are none', async () => {
  const { command, address } = await sniff('127.0.0.1:0', '--json', '--status', '503')
  expect(await talk(address, 'GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX_A: 2\r\nConnection: close\r\n\r\n')).toMatch(
    / 400 /,
  )
  expect(await talk(address, 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 503 /)
  await talk(address, uwsgiRequest('/').fill(0xff, 10))
  await command.said(/UWSGI_BLOCK/)
  expect(printed(command.out)).toMatchObject([
    { error: { code: 'HEADER_TWIN' }, variables: { HTTP_X_A: '1, 2', HTTP_HOST: 'h' } },
    { variables: { REQUEST_URI: '/x' } },
  ])
})

test('it is as careful about who may connect as serve', async () => {
  expect(await sidegate(['sniff', 'uwsgi://0.0.0.0:0'], folder.path)).toMatchObject({
    code: 1,
    err: expect.stringContaining('ALLOW_REQUIRED'),
  })
  const { command } = await sniff('uwsgi://0.0.0.0:0', '--allow', '127.0.0.1')
  await command.stop()
  expect(await sidegate(['sniff'], folder.path)).toMatchObject({ code: 2 })
  expect(await sidegate(['sniff', '127.0.0.1:0', '--status', '99'], folder.path)).toMatchObject({ code: 2 })
})

test.skipIf(!program('nginx'))('what nginx sends with the shipped config', async () => {
  const socket = join(folder.path, 'n.sock')
  const { command } = await sniff(`unix:${socket}`, '--json', '--count', '1')
  const config = readFileSync(join(import.meta.dirname, '../../configs/nginx/nginx-uwsgi.conf'), 'utf8')
  const host = await nginx({ config, replace: { '/run/sidegate/sidegate.sock': socket } })
  await talk(host.address, 'POST /shop/x?y=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc')
  const [record] = printed((await command.ended).out)
  expect(record).toMatchObject({
    protocol: 'uwsgi',
    variables: { REQUEST_URI: '/shop/x?y=1', SERVER_PROTOCOL: 'HTTP/1.1' },
    body: { announced: 3, received: 3, start: 'abc' },
  })
  await host.stop()
})

/** A POST with the body `body` by a gateway protocol; waits for the answer. */
async function talkCodec(address: string, name: string, variables: Record<string, string>): Promise<void> {
  const codec = protocols.find((protocol) => protocol.name === name)!.client()
  const sent =
    name === 'ajp' ? { ...variables, SERVER_NAME: 'h', SERVER_PORT: '80', SERVER_PROTOCOL: 'HTTP/1.1' } : variables
  const head = codec.request({ ...sent, CONTENT_LENGTH: '4' }, 4)
  const body = codec.data(Buffer.from('body'))
  const end = codec.finish()
  const pieces = [head, ...body, ...(end ? [end] : [])]
  const socket = await connectTo(address)
  for (const piece of pieces) socket.write(piece)
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes) => {
      if (codec.receive(bytes).some(({ type }) => type === 'end')) resolve()
    })
    socket.on('end', resolve)
  })
  socket.destroy()
}
