// Who is let in, by name and password: each kind of hash, each spelling of Authorization, and what nobody else can say.
import { appendFileSync, chmodSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { auth } from '../../sidecar/middleware/auth/auth.ts'
import { Verified } from '../../sidecar/middleware/auth/verified.ts'
import { temporaryFolder } from '../harness.ts'
import type { TestRequest, TestResponse } from '../exchange.ts'
import { makeLayer, type MadeLayer } from './layer.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())
const made: MadeLayer[] = []
afterEach(async () => {
  await Promise.all(made.splice(0).map(({ layer }) => layer.close?.()))
})

const WORD = 'pässwörd€'
/** WORD, as htpasswd of Apache, openssl and OpenLDAP hash it. */
const HASHES = {
  bcrypt: '$2y$05$cm1oHmjvnAqrKyIWgg7ebeg/ULHNgMRLTGLSOi6Yn5jgjTiH2Psoa',
  apr1: '$apr1$npCm9OrI$4nLO81LEgzUIRBYL710v7/',
  md5: '$1$abcdefgh$yf.SYBPl.sbEdP0oHetO21',
  'SHA-256': '$5$4vYn9C5rZ3lHGqiC$p8czf2WmNj2Fe3gcJtyAhdcdVZVCq6KB/D0Szc1Ny08',
  'SHA-512':
    '$6$ODsHnvRX5GJZnW9S$YpwlTqdHpH09/g1MnRs5FeUEZ9ilsi0mmtIBD7D3hei4NAroNjerRn8QUp4nFElN3n97awmaBTH9du9qPCKiJ.',
  'SHA-512 with rounds':
    '$6$rounds=1000$dLTPFv7MrT4UMQWD$imYUPL4J8KZGsg4TBrvtHAWy3CVF3/XCm/ZNE0ebf9O8Bo1PaO3zSnZkwnpnVDiz9XYvlHEPQTf3IEg3eHdm51',
  SHA: '{SHA}WftlVS2jnC7Vz30QrXptSZ4eRyo=',
  SSHA: '{SSHA}l49xnDTWFiM8tiSkCAUNgqOYghRzYWx0',
}
/** Of `p`, to be quick. */
const QUICK = '{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k='

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function layer(settings: Record<string, unknown>): MadeLayer {
  const one = makeLayer(auth, settings, { directory: folder.path })
  made.push(one)
  return one
}

async function opened(settings: Record<string, unknown>): Promise<MadeLayer> {
  const one = layer(settings)
  await one.layer.open?.()
  return one
}

function ask({ ask }: MadeLayer, authorization: string | undefined, more = {}): Promise<TestResponse> {
  return ask({ headers: authorization === undefined ? {} : { Authorization: authorization }, ...more }).response
}

const variables = ({ body }: TestResponse): Record<string, string> => JSON.parse(String(body)) as Record<string, string>

/** One thread checks for all of them. */
const everybody = makeLayer(auth, {
  users: [
    ...Object.entries(HASHES).map(([kind, hash]) => `${kind}:${hash}`),
    `u:${QUICK}`,
    'colons:{SHA}7lynqHAyIItUZnW5dMRSPbVO3WY=',
    `ärger:${QUICK}`,
  ],
  realm: 'a "b" \\',
})
afterAll(() => everybody.layer.close!())

test.each(Object.keys(HASHES))('%s: the right password, and no other', async (kind) => {
  const response = await ask(everybody, basic(kind, WORD))
  expect([response.status, variables(response).REMOTE_USER, variables(response).AUTH_TYPE]).toEqual([
    200,
    kind,
    'Basic',
  ])
  for (const wrong of ['', 'x', `${WORD} `, WORD.slice(0, -1), 'pässwörd'])
    expect((await ask(everybody, basic(kind, wrong))).status).toBe(401)
})

test.each([
  ['basic dTpw', 200],
  ['BASIC  dTpw', 200],
  ['Basic dTpw ', 200],
  ['Basic dTpwOng=', 401],
  ['Basic !!!', 401],
  ['Basic dQ==', 401],
  ['Basic OnA=', 401],
  ['Basic dTpwAA==', 401],
  ['Basic dTr/', 401],
  ['Bearer x', 401],
  ['Basic', 401],
  ['', 401],
  [undefined, 401],
])('Authorization: %s is %d', async (field, status) => {
  const response = await ask(everybody, field)
  const challenge = 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"'
  expect([response.status, response.header('www-authenticate')]).toEqual([
    status,
    status === 401 ? challenge : undefined,
  ])
})

test('a password may have a colon in it, and no padding is needed', async () => {
  const padded = basic('colons', 'p:x')
  expect(padded).toMatch(/=$/)
  expect((await ask(everybody, padded)).status).toBe(200)
  expect((await ask(everybody, padded.replaceAll('=', ''))).status).toBe(200)
  expect((await ask(everybody, basic('colons', 'p'))).status).toBe(401)
})

test('a password that is written as it is, where that is allowed', async () => {
  const one = await opened({ users: [`u:${WORD}`, 'v:AZNeRX4vdcveo'], plain: true })
  expect((await ask(one, basic('u', WORD))).status).toBe(200)
  expect((await ask(one, basic('v', 'AZNeRX4vdcveo'))).status).toBe(200)
  expect((await ask(one, basic('v', 'x'))).status).toBe(401)
})

test('what is too long costs no check', async () => {
  for (const length of [1025, 1_000_000]) {
    const long = 'x'.repeat(length)
    const flood = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(everybody, basic('bcrypt', long + at))))
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([401]))
  }
  const one = await opened({ users: [`u:${'x'.repeat(1024)}`], plain: true })
  expect((await ask(one, basic('u', 'x'.repeat(1024)))).status).toBe(200)
})

test('a password may have any letter, and no control character (RFC 7617 2)', async () => {
  const words = ['a b', 'a~b', 'a\x1fb', 'a\x7fb']
  const one = await opened({ users: words.map((word, at) => `u${at}:${word}`), plain: true })
  const answers = words.map(async (word, at) => (await ask(one, basic(`u${at}`, word))).status)
  expect(await Promise.all(answers)).toEqual([200, 200, 401, 401])
})

test('what others say of the user is gone, in every spelling', async () => {
  const one = await opened({ users: [`u:${QUICK}`], except: '/free' })
  const forged = {
    REMOTE_USER: 'root',
    AUTH_TYPE: 'Negotiate',
    AUTH_PASSWORD: 'secret',
    REMOTE_IDENT: 'root',
    AUTH_USER: 'root',
    LOGON_USER: 'root',
    UNMAPPED_REMOTE_USER: 'root',
    REDIRECT_REMOTE_USER: 'root',
    REDIRECT_REDIRECT_REMOTE_USER: 'root',
    REDIRECT_HTTP_REMOTE_USER: 'root',
    'HTTP_REMOTE.USER': 'root',
    HTTP_REMOTE_USER: 'root',
    'HTTP_X-Remote_User': 'root',
    HTTP_x_forwarded_user: 'root',
  }
  const {
    REMOTE_USER: user,
    AUTH_TYPE: type,
    ...rest
  } = variables(await ask(one, basic('u', 'p'), { variables: forged }))
  expect([user, type]).toEqual(['u', 'Basic'])
  expect(Object.values(rest)).not.toContain('root')
  expect(rest).not.toHaveProperty('AUTH_PASSWORD')
  expect(rest).not.toHaveProperty('HTTP_AUTHORIZATION')
  const free = variables(await ask(one, undefined, { path: '/free', variables: forged }))
  expect(Object.values(free)).not.toContain('root')
})

test('the app gets Authorization where that is asked for', async () => {
  const one = await opened({ users: [`u:${QUICK}`], passAuthorization: true })
  expect(variables(await ask(one, basic('u', 'p'))).HTTP_AUTHORIZATION).toBe(basic('u', 'p'))
})

test('a name with letters of its own is REMOTE_USER byte for byte', async () => {
  expect(variables(await ask(everybody, basic('ärger', 'p'))).REMOTE_USER).toBe(Buffer.from('ärger').toString('latin1'))
})

test('HEAD and uploads are refused like others', async () => {
  const head = await ask(everybody, undefined, { method: 'HEAD' })
  expect([head.status, head.body.length]).toEqual([401, 0])
  expect((await ask(everybody, basic('u', 'x'), { method: 'POST', body: 'abc' })).status).toBe(401)
  const app = everybody.ask(
    { method: 'POST', body: 'abc', headers: { Authorization: basic('u', 'p') } },
    async (exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [] })
      exchange.end((await exchange.body.read())!)
    },
  )
  expect(String((await app.response).body)).toBe('abc')
})

test('a hundred at once with one pair are one check, with many pairs few', async () => {
  const one = await opened({ users: [`anna:${HASHES.bcrypt}`] })
  const same = await Promise.all(Array.from({ length: 100 }, () => ask(one, basic('anna', WORD))))
  expect(same.every(({ status }) => status === 200)).toBe(true)
  const flood = Array.from({ length: 40 }, (_, index) => ask(one, basic('anna', `wrong ${index}`)))
  // Who was right before waits for nobody.
  expect((await ask(one, basic('anna', WORD))).status).toBe(200)
  const answers = await Promise.all(flood)
  const busy = answers.filter(({ status }) => status === 503)
  expect(busy).toHaveLength(8)
  expect(busy[0]!.header('retry-after')).toBe('1')
  expect(String(busy[0]!.body)).toContain('AUTH_BUSY')
})

test('a pair that was right is not checked again for five minutes', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const verified = new Verified()
  let checks = 0
  const name = verified.nameOf('anna', Buffer.from('secret'), 'hash')
  const ask = async (right: boolean): Promise<boolean> =>
    verified.has(name) || verified.check(name, async () => (checks++, right))
  expect([await ask(false), await ask(true), await ask(false), checks]).toEqual([false, true, true, 2])
  vi.advanceTimersByTime(5 * 60_000 - 1)
  expect([await ask(false), checks]).toEqual([true, 2])
  vi.advanceTimersByTime(1)
  expect([await ask(false), checks]).toEqual([false, 3])
  expect(verified.nameOf('anna', Buffer.from('secret'), 'another hash')).not.toBe(name)
})

test('a thousand pairs that were right are remembered, and of more the last', async () => {
  const verified = new Verified()
  for (let pair = 0; pair < 1000; pair++) await verified.check(String(pair), async () => true)
  // One that is checked again is a new one.
  await verified.check('0', async () => true)
  expect([verified.has('0'), verified.has('1')]).toEqual([true, true])
  await verified.check('one more', async () => true)
  expect(['0', '1', '2', 'one more'].map((pair) => verified.has(pair))).toEqual([true, false, true, true])
})

test('a name that nobody has costs as long as one that somebody has', async () => {
  const one = await opened({ users: [`u:${QUICK}`, `anna:${HASHES.bcrypt}`, `otto:${HASHES.bcrypt}`] })
  const flood = Array.from({ length: 40 }, (_, index) => ask(one, basic(`nobody ${index}`, 'p')))
  const answers = await Promise.all(flood)
  expect(answers.filter(({ status }) => status === 503)).toHaveLength(8)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(32)
})

test('a name that nobody has is not let in with the password of somebody, however often', async () => {
  const one = await opened({ users: [`u:${QUICK}`] })
  for (let times = 0; times < 3; times++) expect((await ask(one, basic('nobody', 'p'))).status).toBe(401)
})

test('the log names who was let in, and nobody else', async () => {
  const one = await opened({ users: [`u:${QUICK}`], except: '/free' })
  const user = async (request: TestRequest): Promise<string | undefined> => {
    const { exchange, response } = one.ask({ variables: { REMOTE_USER: 'root' }, ...request })
    await response
    return exchange.logged.user
  }
  expect(await user({ headers: { Authorization: basic('u', 'p') } })).toBe('u')
  expect(await user({ headers: { Authorization: basic('u', 'x') } })).toBe(undefined)
  expect(await user({ path: '/free' })).toBe(undefined)
})

test('a client that goes away meanwhile is not handed on', async () => {
  const one = await opened({ users: [`anna:${HASHES.bcrypt}`] })
  let handed = 0
  const waiting = one.ask({ headers: { Authorization: basic('anna', WORD) } }, () => void handed++)
  waiting.hangUp()
  // Behind it in the queue.
  expect((await ask(one, basic('anna', `${WORD}x`))).status).toBe(401)
  expect([handed, waiting.errors]).toEqual([0, []])
})

test('checks that are under way fail with their thread', async () => {
  const one = await opened({ users: [`anna:${HASHES.bcrypt}`] })
  const waiting = ask(one, basic('anna', WORD))
  await one.layer.close!()
  expect(String((await waiting).body)).toContain('AUTH_THREAD')
})

describe('a file of users', () => {
  const file = join(folder.path, 'htpasswd')
  const write = (text: string): void => {
    // As htpasswd does.
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }

  test('has comments, blank lines, line ends of Windows, comments behind hashes; the first line for a name counts', async () => {
    write(`\ufeff# users\r\n\r\nu:${QUICK}\r\nv:${QUICK}:the second\nu:{SHA}WftlVS2jnC7Vz30QrXptSZ4eRyo=\n`)
    const one = await opened({ file: 'htpasswd' })
    expect((await ask(one, basic('u', 'p'))).status).toBe(200)
    expect((await ask(one, basic('v', 'p'))).status).toBe(200)
    expect((await ask(one, basic('u', WORD))).status).toBe(401)
    expect((await ask(one, basic('# users', 'p'))).status).toBe(401)
  })

  test('is read anew when it changes: who is taken out is out at once, who is put in is in', async () => {
    write(`u:${QUICK}\nv:${QUICK}\n`)
    const one = await opened({ file: 'htpasswd', users: [`w:${QUICK}`] })
    expect((await ask(one, basic('u', 'p'))).status).toBe(200)
    write(`v:${QUICK}\n`)
    expect((await ask(one, basic('u', 'p'))).status).toBe(401)
    expect((await ask(one, basic('v', 'p'))).status).toBe(200)
    appendFileSync(file, `x:${QUICK}\n`)
    expect((await ask(one, basic('x', 'p'))).status).toBe(200)
    expect((await ask(one, basic('w', 'p'))).status).toBe(200)
  })

  test('that cannot be used any more is as it was, and the log says so once', async () => {
    write(`u:${QUICK}\n`)
    const one = await opened({ file: 'htpasswd' })
    appendFileSync(file, 'v:$2y$05$cut')
    expect((await ask(one, basic('u', 'p'))).status).toBe(200)
    expect((await ask(one, basic('u', 'p'))).status).toBe(200)
    expect(one.log.text.match(/AUTH_USERS/g)).toHaveLength(1)
    rmSync(file)
    expect((await ask(one, basic('u', 'p'))).status).toBe(200)
    expect(one.log.text.match(/AUTH_FILE/g)).toHaveLength(1)
    write(`v:${QUICK}\n`)
    expect((await ask(one, basic('u', 'p'))).status).toBe(401)
  })

  test.each<[string, string | undefined, string]>([
    ['is not there', undefined, 'cannot read'],
    ['has nobody in it', '# nobody\n', 'has no user in it'],
    ['is something else', `u:${QUICK}\n{"a": 1}\n`.replace('":', '"'), 'line 2 of '],
  ])('that %s stops the start', async (_, text, words) => {
    if (text === undefined) rmSync(file, { force: true })
    else write(text)
    const problem = expect.objectContaining({ path: 'use.0.auth.file', message: expect.stringContaining(words) })
    await expect(opened({ file: 'htpasswd' })).rejects.toEqual(problem)
    await expect(layer({ file: 'htpasswd' }).layer.check!()).rejects.toEqual(problem)
  })

  test.skipIf(process.platform === 'win32').each(['/dev/zero', '.'])(
    'that is no file (%s) is not read for ever',
    async (path) => {
      const problem = expect.objectContaining({ code: 'AUTH_FILE', message: expect.stringContaining('is no file') })
      await expect(opened({ file: path })).rejects.toEqual(problem)
      write(`u:${QUICK}\n`)
      const one = await opened({ file: 'htpasswd' })
      rmSync(file)
      symlinkSync(path, file)
      expect((await ask(one, basic('u', 'p'))).status).toBe(200)
      expect(one.log.text).toMatch(/is no file; those who were in it before are let in code=AUTH_FILE/)
      rmSync(file)
    },
  )

  test('may have 16 MiB, and no more', async () => {
    const line = `u:${QUICK}\n`
    write(line + '#'.repeat(16 * 1024 * 1024 - line.length))
    expect((await ask(await opened({ file: 'htpasswd' }), basic('u', 'p'))).status).toBe(200)
    appendFileSync(file, '#')
    const problem = expect.objectContaining({ code: 'AUTH_FILE', message: expect.stringContaining('16777216 bytes') })
    await expect(opened({ file: 'htpasswd' })).rejects.toEqual(problem)
  })

  test('is left as it is', async () => {
    write(`u:${QUICK}\n`)
    chmodSync(file, 0o400)
    await opened({ file: 'htpasswd' })
    expect(readFileSync(file, 'latin1')).toBe(`u:${QUICK}\n`)
  })
})

test.each([
  ['$6$rounds=999999999$dLTPFv7MrT4UMQWD$' + 'a'.repeat(86), '999999999 rounds'],
  ['$5$rounds=999$salt$' + 'a'.repeat(43), '999 rounds'],
  ['$2y$31$' + 'a'.repeat(53), 'cost of 31'],
  ['$5$rounds=1000001$salt$' + 'a'.repeat(43), '1000001 rounds'],
  ['$2y$03$' + 'a'.repeat(53), 'cost of 3'],
  ['$2y$15$' + 'a'.repeat(53), 'cost of 15'],
  ['$2y$05$short', 'not complete'],
  ['$apr1$saltsaltsalt$' + 'a'.repeat(22), 'not complete'],
  ['$6$', 'not complete'],
  ['{SHA}abc', 'not complete'],
  ['AZNeRX4vdcveo', 'DES'],
  ['secret', 'plain: true'],
  ['', 'plain: true'],
])('a hash such as %s is refused with its place', (hash, words) => {
  expect(() => layer({ users: [`v:${QUICK}`, `u:${hash}`] })).toThrow(
    expect.objectContaining({
      code: 'AUTH_USERS',
      path: 'use.0.auth.users',
      message: expect.stringMatching(new RegExp(`entry 2 .*${words}`)),
    }),
  )
})

test.each(['$5$rounds=1000$', '$5$rounds=1000000$', '$2y$04$', '$2y$14$'])('one that begins %s is taken', (begin) => {
  const rest = begin.startsWith('$5') ? `salt$${'a'.repeat(43)}` : 'a'.repeat(53)
  expect(() => layer({ users: [`u:${begin}${rest}`] })).not.toThrow()
})

test.each([
  [{}, 'needs either'],
  [{ users: [`u:${QUICK}`], forward: '/auth' }, 'has both'],
])('%j says nothing of who is let in', (settings, words) => {
  expect(() => layer(settings)).toThrow(
    expect.objectContaining({ code: 'AUTH_SETTINGS', path: 'use.0.auth', message: expect.stringContaining(words) }),
  )
})
