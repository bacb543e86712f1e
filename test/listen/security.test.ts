// The rules of security, each through a real listener in every protocol that it concerns. Those of the HTTP door alone stand in
// http.test.ts, those about who may connect in recognise.test.ts, bind.test.ts and proxy-protocol.test.ts.
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { ClientEvent, ProtocolOptions } from '../../sidecar/wire/codec.ts'
import { protocols } from '../../sidecar/wire/index.ts'
import { startGateway, text, type Handler } from './gateway.ts'
import { bodyOf, connectTo, talk, uwsgiRequest } from './peer.ts'

const variables: Handler = (exchange) => text(JSON.stringify(exchange.variables))(exchange)
const names = ['uwsgi', 'fastcgi', 'scgi', 'ajp']

const GET = {
  REQUEST_METHOD: 'GET',
  REQUEST_URI: '/',
  PATH_INFO: '/',
  QUERY_STRING: '',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_NAME: 'example.com',
  SERVER_PORT: '80',
  REMOTE_ADDR: '192.0.2.7',
  HTTP_HOST: 'example.com',
}

/** A request by a gateway protocol: the status, 0 when there was no response, and the body. */
async function ask(address: string, name: string, more: Record<string, string> = {}, options: ProtocolOptions = {}) {
  const codec = protocols.find((protocol) => protocol.name === name)!.client(options)
  const socket = await connectTo(address)
  const answer = { status: 0, headers: [] as (readonly [string, string])[], body: '' }
  let over = false
  const take = (events: ClientEvent[]): void => {
    for (const event of events) {
      if (event.type === 'head') Object.assign(answer, event.head)
      else if (event.type === 'body') answer.body += Buffer.from(event.bytes).toString()
      else if (event.type === 'reply') socket.write(event.bytes)
      else if (event.type === 'end') over = true
    }
    if (over) socket.destroy()
  }
  socket.on('data', (bytes) => {
    try {
      take(codec.receive(bytes))
    } catch {
      // Bytes that are not of this protocol: no response.
      socket.destroy()
    }
  })
  socket.on('end', () => socket.destroy())
  socket.write(codec.request({ ...GET, ...more }, 0))
  if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  return answer
}

describe.each(names)('%s', (name) => {
  test('HTTP_PROXY never reaches an app', async () => {
    const { addresses } = await startGateway(['127.0.0.1:0'], variables)
    const { status, body } = await ask(addresses[0]!, name, { HTTP_PROXY: 'http://evil', HTTP_X: 'y' })
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ HTTP_X: 'y' })
    expect(JSON.parse(body)).not.toHaveProperty('HTTP_PROXY')
  })

  test.each(['\r\nX-Evil: 1', '\n', '\0'])(
    'a response header with %j is an error of the app, and nothing of it is sent',
    async (evil) => {
      const { addresses, errors } = await startGateway(['127.0.0.1:0'], (exchange) => {
        exchange.respond({ status: 200, reason: 'OK', headers: [['X-A', `a${evil}`]] })
        exchange.end('body')
      })
      const { status, body, headers } = await ask(addresses[0]!, name)
      expect(status).toBe(500)
      expect(body).toMatch(/HEADER_VALUE/)
      expect(headers.map(([field]) => field.toLowerCase())).not.toContain('x-evil')
      expect(errors).toMatchObject([{ code: 'HEADER_VALUE', blame: 'app' }])
    },
  )

  test('a peer that breaks its protocol costs its connection and one line, and nobody else anything', async () => {
    const { addresses, errors } = await startGateway([`${name}://127.0.0.1:0`], variables)
    const [address] = addresses as [string]
    const good = ask(address, name)
    const broken = {
      uwsgi: '\0\x04\0\0\xff\xff\0\0',
      fastcgi: '\x01\x05\0\x01\0\0\0\0',
      scgi: '5:hello.',
      ajp: '\x12\x34\0\x01\x77',
    }[name]!
    const answer = await talk(address, broken)
    expect(answer).not.toMatch(/200 OK/)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ blame: 'peer', peer: '127.0.0.1' })
    expect((await good).status).toBe(200)
    expect((await ask(address, name)).status).toBe(200)
  })

  test('where everybody could connect it must be named, and its peers with it', async () => {
    const { gateway, errors } = await startGateway(['0.0.0.0:0', '[::]:0'], variables)
    expect(gateway.addresses.map(({ protocols: taken }) => taken)).toEqual([['http'], ['http']])
    const { status } = await ask(gateway.addresses[0]!.text.replace('0.0.0.0', '127.0.0.1'), name)
    expect([0, 400]).toContain(status)
    expect(errors).toHaveLength(1)
    for (const address of [`${name}://0.0.0.0:0`, `${name}://[::]:0`, `${name}://192.0.2.1:0`]) {
      await expect(startGateway([{ address, secret: 's' }], variables)).rejects.toMatchObject({
        code: 'ALLOW_REQUIRED',
        path: 'listen.0.allow',
      })
    }
    const allowed = await startGateway(
      [{ address: `${name}://0.0.0.0:0`, allow: ['127.0.0.1'], secret: 's' }],
      variables,
    )
    const address = allowed.addresses[0]!.replace('0.0.0.0', '127.0.0.1')
    expect((await ask(address, name, {}, { secret: 's' })).status).toBe(200)
  })

  test('an address that names another protocol does not take it', async () => {
    const others = names.filter((other) => other !== name)
    const { addresses, errors } = await startGateway(
      [...others, 'http'].map((other) => `${other}://127.0.0.1:0`),
      variables,
    )
    const statuses = await Promise.all(addresses.map((address) => ask(address, name)))
    for (const { status } of statuses) expect([0, 400]).toContain(status)
    expect(errors).toHaveLength(addresses.length)
  })
})

describe.each(['uwsgi', 'fastcgi', 'scgi'])('%s', (name) => {
  test.each([
    'UWSGI_APPID',
    'UWSGI_CALLABLE',
    'UWSGI_CHDIR',
    'UWSGI_FILE',
    'UWSGI_HOME',
    'UWSGI_MODULE',
    'UWSGI_POSTFILE',
    'UWSGI_PYHOME',
    'UWSGI_SCRIPT',
    'UWSGI_SETENV',
    'UWSGI_TOUCH_RELOAD',
  ])('%s is refused before an app sees the request', async (variable) => {
    let handled = 0
    const { addresses, errors } = await startGateway(['127.0.0.1:0'], () => void handled++)
    const { status, body } = await ask(addresses[0]!, name, { [variable]: '/etc/passwd' })
    expect([status, body.includes('UWSGI_VARIABLE')]).toEqual([403, true])
    expect(handled).toBe(0)
    expect(errors).toMatchObject([{ code: 'UWSGI_VARIABLE', message: expect.stringContaining(variable) }])
  })
})

test.each([98, 99, 5, 17, 22, 31, 48, 100, 110, 123, 173, 200, 224, 255])(
  'uwsgi modifier %i manages nothing',
  async (modifier) => {
    const { addresses, errors } = await startGateway(['uwsgi://127.0.0.1:0'], variables)
    const packet = uwsgiRequest('/')
    packet[0] = modifier
    expect(await talk(addresses[0]!, packet)).not.toMatch(/200 OK/)
    expect(errors).toHaveLength(1)
  },
)

describe('AJP', () => {
  test('needs a secret where others than this machine can connect', async () => {
    await expect(
      startGateway([{ address: 'ajp://0.0.0.0:0', allow: ['127.0.0.0/8'] }], variables),
    ).rejects.toMatchObject({ code: 'SECRET_REQUIRED', path: 'listen.0.secret' })
  })

  test('a secret that is set has to be said, on every address', async () => {
    const { addresses, errors } = await startGateway([{ address: '127.0.0.1:0', secret: 'correct horse' }], variables)
    const [address] = addresses as [string]
    expect((await ask(address, 'ajp', {}, { secret: 'correct horse' })).status).toBe(200)
    for (const secret of [undefined, 'correct hors', 'correct horsE', 'correct horse ']) {
      expect((await ask(address, 'ajp', {}, { secret })).status).toBe(403)
    }
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill('AJP_SECRET'))
    expect(JSON.stringify(errors)).not.toMatch(/correct/)
    // It is a matter of AJP alone.
    expect((await ask(address, 'uwsgi')).status).toBe(200)
  })

  test.each([
    'javax.servlet.include.request_uri',
    'javax.servlet.include.servlet_path',
    'javax.servlet.include.path_info',
    'jakarta.servlet.include.request_uri',
  ])('the attribute %s (Ghostcat) is refused', async (attribute) => {
    const { addresses, errors } = await startGateway(['127.0.0.1:0'], variables)
    const { status, body } = await ajpWith(addresses[0]!, attribute, '/WEB-INF/web.xml')
    expect(status).toBe(403)
    expect(body).not.toMatch(/WEB-INF/)
    expect(errors).toMatchObject([{ code: 'AJP_ATTRIBUTE' }])
  })

  test('attributes that are not known set no variables', async () => {
    const { addresses } = await startGateway(['127.0.0.1:0'], variables)
    for (const attribute of ['REMOTE_USER', 'PATH_INFO', 'wsgi.input', '__proto__']) {
      const { status, body } = await ajpWith(addresses[0]!, attribute, 'evil')
      expect([status, body.includes('evil')]).toEqual([200, false])
    }
  })

  test('a field with _ in its name is left out; where it is taken, it may have no twin', async () => {
    const taking = { address: '127.0.0.1:0', underscoresInHeaders: true }
    const { addresses, errors } = await startGateway(['127.0.0.1:0', taking], variables)
    const given = async (address: string): Promise<unknown> =>
      JSON.parse((await ajpWith(address, 'x', 'y', ['X_Real_IP'])).body)
    expect(await given(addresses[0]!)).not.toHaveProperty('HTTP_X_REAL_IP')
    expect(await given(addresses[1]!)).toHaveProperty('HTTP_X_REAL_IP', '1')
    expect((await ajpWith(addresses[1]!, 'x', 'y', ['X-Real-IP', 'X_Real_IP'])).status).toBe(400)
    expect(errors).toMatchObject([{ code: 'HEADER_UNDERSCORE' }, { code: 'HEADER_TWIN' }])
  })

  /** A request made by hand, with an attribute and headers. */
  async function ajpWith(address: string, attribute: string, value: string, headers: string[] = []) {
    const string = (words: string): Buffer =>
      Buffer.concat([number(words.length), Buffer.from(words, 'latin1'), Buffer.from([0])])
    const number = (value_: number): Buffer => Buffer.from([value_ >> 8, value_ & 255])
    const payload = Buffer.concat([
      Buffer.from([2, 2]),
      ...['HTTP/1.1', '/', '192.0.2.7', '', 'example.com'].map(string),
      number(80),
      Buffer.from([0]),
      number(headers.length),
      ...headers.flatMap((name) => [string(name), string('1')]),
      Buffer.from([10]),
      string(attribute),
      string(value),
      Buffer.from([0xff]),
    ])
    const codec = protocols.find(({ name }) => name === 'ajp')!.client()
    codec.request(GET, 0)
    const socket = await connectTo(address)
    socket.write(Buffer.concat([Buffer.from([0x12, 0x34]), number(payload.length), payload]))
    const answer = { status: 0, body: '' }
    while (answer.status === 0 || !answer.body) {
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      for (const event of codec.receive(bytes)) {
        if (event.type === 'head') answer.status = event.head.status
        else if (event.type === 'body') answer.body += Buffer.from(event.bytes).toString()
      }
    }
    socket.destroy()
    return answer
  }
})

test('HTTP: a response header with CR, LF or NUL is an error of the app', async () => {
  for (const evil of ['\r\nX-Evil: 1', '\n', '\0']) {
    const { addresses, errors } = await startGateway(['127.0.0.1:0'], (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [['X-A', `a${evil}`]] })
      exchange.end('body')
    })
    const answer = await talk(addresses[0]!, 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 500 /)
    expect(bodyOf(answer)).toMatch(/HEADER_VALUE/)
    expect(answer).not.toMatch(/X-Evil/)
    expect(errors).toMatchObject([{ code: 'HEADER_VALUE', blame: 'app' }])
  }
})
