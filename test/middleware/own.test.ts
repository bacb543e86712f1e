// Layers of users: loaded from their files, given requests as the public types have them.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { createGateway, type Config, type OwnGateway } from '../../sidecar/index.ts'
import { Log } from '../../sidecar/log.ts'
import { ownLayer } from '../../sidecar/middleware/own/kind.ts'
import { documentWith } from '../document.ts'
import { makeExchange } from '../exchange.ts'
import { LogText, temporaryFolder } from '../harness.ts'
import { answering, makeLayer, pass } from './layer.ts'
import { layerRules } from './own-rules.ts'

const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
const open: OwnGateway[] = []
mkdirSync(join(folder.path, 'node_modules'))
symlinkSync(root, join(folder.path, 'node_modules/sidegate'), 'junction')
afterEach(async () => {
  await Promise.all(open.splice(0).map((gateway) => gateway.close()))
})
afterAll(() => folder.remove())

function write(name: string, text: string): string {
  writeFileSync(join(folder.path, name), text)
  return `./${name}`
}

/** A module whose layer handles requests so. */
let modules = 0
const layer = (body: string): string =>
  write(
    `layer-${++modules}.ts`,
    `import { through } from 'sidegate'\nexport default () => ({ handle(request, next) { ${body} } })\n`,
  )

const context = { directory: folder.path }

async function serve(config: Omit<Config, 'listen'>): Promise<{ at: string; log: LogText }> {
  const text = new LogText()
  const whole: Config = { ...config, listen: ['http://127.0.0.1:0'] }
  const gateway = await createGateway(whole, { directory: folder.path, log: new Log('text', text, text, false) })
  open.push(gateway)
  await gateway.start()
  return { at: gateway.addresses[0]!.text, log: text }
}

write(
  'echo.mjs',
  `export default async (environ, start) => {
    let text = ''
    for await (const piece of environ['wsgi.input']) text += Buffer.from(piece).toString('latin1')
    start('200 OK', [['Content-Type', 'text/plain']])
    return [[environ.REMOTE_USER, environ.CONTENT_LENGTH, text].join(' ')]
  }`,
)

describe('the page', () => {
  const [, example = ''] = /```ts\n([^]*?)```/.exec(readFileSync(join(root, 'docs/middleware-own.md'), 'utf8')) ?? []

  test('its layer is one, in fifteen lines', async () => {
    const file = write('guard.ts', example)
    expect(
      example
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('import') && line.trim() !== '').length,
    ).toBeLessThanOrEqual(15)
    const { at, log } = await serve({
      mounts: { '/': { app: './echo.mjs', use: ['compress', { [file]: { token: 'word' } } as never] } },
    })
    const refused = await fetch(at)
    expect([refused.status, await refused.text()]).toEqual([403, 'no\n'])
    expect(log.text).toContain('warn somebody without a token request=')
    const answered = await fetch(at, { headers: { 'X-Token': 'word' } })
    expect([answered.status, answered.headers.get('server-timing')]).toEqual([
      200,
      expect.stringMatching(/^app;dur=\d+\.\d$/),
    ])
  })

  test('its rules are those of the checker', async () => {
    const { file, text } = documentWith('middleware-own.md', { rules: layerRules() })
    await expect(text).toMatchFileSnapshot(file)
  })
})

describe('what a layer can do', () => {
  test('change the request', async () => {
    const file = layer(`
      async function* upper() { for await (const piece of request.body) yield Buffer.from(piece.toString('latin1').toUpperCase()) }
      next(through(request, {}, { variables: { ...request.variables, REMOTE_USER: 'me', HTTP_X: undefined }, body: upper(), length: 4 }))`)
    const { at } = await serve({ use: [file as './x'], mounts: { '/': { app: './echo.mjs' } } })
    const response = await fetch(at, { method: 'POST', body: 'body' })
    expect(await response.text()).toBe('me 4 BODY')
  })

  test('a body of which nobody knows how long it is', async () => {
    const file = layer(`next(through(request, {}, { body: (async function* () { yield Buffer.from('abc') })() }))`)
    const { variables } = await pass(ownLayer(file), {}, { method: 'POST', body: 'x' }, answering(200), context)
    expect([variables!.CONTENT_LENGTH, variables!.HTTP_TRANSFER_ENCODING]).toEqual([undefined, 'chunked'])
  })

  test('the length of the body is what it is', async () => {
    const file = layer(`next(through(request, {}, { variables: { ...request.variables, CONTENT_LENGTH: '99' } }))`)
    const { variables } = await pass(ownLayer(file), {}, { method: 'POST', body: 'x' }, answering(200), context)
    expect(variables!.CONTENT_LENGTH).toBe('1')
  })

  test('change the response', async () => {
    const file = layer(`next(through(request, {
      head: ({ status, headers }) => ({ status, headers: headers.filter(([name]) => name !== 'Content-Length') }),
      body(bytes, last, outer) {
        if (bytes) outer.write(bytes.toString().toUpperCase())
        if (last) outer.end('!')
      },
    }))`)
    const { response } = await pass(ownLayer(file), {}, {}, answering(200, [['Content-Length', '3']], 'abc'), context)
    expect([String(response.body), response.header('content-length')]).toEqual(['ABC!', undefined])
  })

  test('hold the body back, and go on', async () => {
    const file = layer(`
      const inner = through(request, {
        body(bytes, last, outer) {
          if (last) outer.end(bytes)
          else { outer.write(bytes); setImmediate(() => inner.resume()); return false }
        },
      })
      next(inner)`)
    const app = async (exchange: Parameters<ReturnType<typeof answering>>[0]): Promise<void> => {
      exchange.respond({ status: 200, reason: '', headers: [] })
      expect(exchange.write('a')).toBe(false)
      await exchange.drained()
      exchange.end('b')
    }
    const { response } = await pass(ownLayer(file), {}, {}, (exchange) => void app(exchange), context)
    expect(String(response.body)).toBe('ab')
  })

  test('answer in another way when it went wrong', async () => {
    const file = layer(`next(through(request, {
      failed(error, outer) {
        outer.respond({ status: 203 })
        outer.end(error.code)
        return true
      },
    }))`)
    const { response, codes } = await pass(
      ownLayer(file),
      {},
      {},
      (exchange) => exchange.fail(new Error('no')),
      context,
    )
    expect([response.status, String(response.body), codes]).toEqual([203, 'APP_RAISED', []])
  })

  test('see what is taken over, and that it is over', async () => {
    const file = layer(`next(through(request, {
      upgrade: (head, outer) => outer.upgrade({ ...head, headers: [...head.headers, ['X-Asked', outer.upgradeAsked]] }),
      over: () => globalThis.overs.push(request.protocol),
    }))`)
    const overs: string[] = []
    Object.assign(globalThis, { overs })
    write('taken.mjs', `export default (environ, start) => { environ['sidegate.upgrade']([]).end('bye'); return [] }`)
    const { at } = await serve({ mounts: { '/': { app: './taken.mjs', lint: false, use: [file as './x'] } } })
    const { promise, resolve } = Promise.withResolvers<string>()
    const asked = httpRequest(at, { headers: { Connection: 'Upgrade', Upgrade: 'own' } })
    asked.on('upgrade', (response, socket, first) => {
      let text = `${response.headers['x-asked']} ${first.toString()}`
      socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
      socket.on('end', () => resolve(text) ?? socket.end())
    })
    asked.end()
    expect(await promise).toBe('own bye')
    await expect.poll(() => overs).toEqual(['http'])
  })

  test('wait first', async () => {
    const file = layer(`return Promise.resolve().then(() => next(request))`)
    expect((await pass(ownLayer(file), {}, {}, answering(200), context)).response.status).toBe(200)
  })

  test('open and close, and know where it is', async () => {
    const calls: unknown[] = []
    Object.assign(globalThis, { calls })
    const file = write(
      'opens.ts',
      `export const mine = (settings: object, { mount, directory }: { mount: string; directory: string }) => ({
        open: () => calls.push(settings, mount, directory), handle: (request, next) => next(request), close: async () => calls.push('closed') })`,
    )
    const { at } = await serve({
      mounts: { '/a': { app: './echo.mjs', use: [{ [`${file}#mine`]: { b: 1 } } as never] } },
    })
    expect((await fetch(`${at}/a`)).status).toBe(200)
    await open.pop()!.close()
    expect(calls).toEqual([{ b: 1 }, '/a', folder.path, 'closed'])
  })
})

test('an app waits for a slow client, whatever the hook gives', async () => {
  const hooks = `{ body(bytes, last, to) { if (bytes) to.write(bytes); if (last) to.end() } }`
  const { layer: made } = makeLayer(ownLayer(layer(`next(through(request, ${hooks}))`)), {}, context)
  await made.open?.()
  const { exchange, carrier, response } = makeExchange({ slow: true })
  const given: boolean[] = []
  let drained = 0
  void made.handle(exchange, (inner) => {
    inner.respond({ status: 200, reason: '', headers: [] })
    given.push(inner.write('one'))
    void inner.drained().then(() => {
      drained++
      given.push(inner.write('two'))
      inner.end()
    })
  })
  expect([given, drained]).toEqual([[false], 0])
  carrier.drain()
  expect((await response).body.toString()).toBe('onetwo')
  expect([given, drained]).toEqual([[false, true], 1])
})

describe('what goes wrong', () => {
  test.each<[string, string]>([
    ['LAYER_RAISED', `throw new Error('oh')`],
    ['LAYER_RAISED', `return Promise.reject(new Error('oh'))`],
    ['LAYER_RAISED', `next(through(request, { head() { throw new Error('oh') } }))`],
    ['LAYER_RAISED', `next(through(request, { async body() { throw new Error('oh') } }))`],
    ['LAYER_RAISED', `next(through(request, { async over() { throw new Error('oh') } }))`],
    ['LAYER_RAISED', `request.fail(new Error('oh'))`],
    ['LAYER_SILENT', `return Promise.resolve()`],
    ['LAYER_REQUEST', `next({ variables: {} })`],
    ['LAYER_VARIABLE', `next(through(request, {}, { variables: { ...request.variables, A: 1 } }))`],
    ['LINT_LAYER', `next(through(request, {}, { variables: { ...request.variables, SERVER_PORT: 'x' } }))`],
    ['LINT_LAYER', `next(request); next(request)`],
    ['LINT_LAYER', `request.respond({ status: 200 }); request.end(); next(request)`],
    ['LINT_LAYER', `next(through(request, { Head() {} }))`],
    ['LINT_LAYER', `next(through(request, { head: 1 }))`],
    ['LINT_LAYER', `next(through(request, {}, { variables: { 'A B': '' } }))`],
    ['LINT_LAYER', `next(through(request, {}, { variables: { ...request.variables, A: '€' } }))`],
    ['LINT_LAYER', `next(through(request, {}, { variables: { ...request.variables, HTTP_PROXY: 'a' } }))`],
    ['LINT_LAYER', `next(through(request, {}, { variables: { REQUEST_METHOD: 'GET' } }))`],
    ['LINT_LAYER', `next(through(request, { head: async (head) => head }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: '200' }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 100 }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 200, headers: { A: 'b' } }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 200, headers: [['A', 1]] }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 200, headers: [['A B', '1']] }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 200, headers: [['A', '1\\n2']] }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => ({ status: 200, headers: [['Connection', 'close']] }) }))`],
    ['LINT_LAYER', `next(through(request, { head: () => undefined }))`],
    ['LINT_LAYER', `request.respond({ status: 200 }); request.write(1)`],
    ['LINT_LAYER', `request.write('a')`],
    ['LINT_LAYER', `request.respond({ status: 200 }); request.end('a'); request.write('a')`],
    ['LINT_LAYER', `request.respond({ status: 200, headers: [['Content-Length', '1']] }); request.write('ab')`],
    ['LINT_LAYER', `request.respond({ status: 200, headers: [['Content-Length', '3']] }); request.end('ab')`],
    ['LINT_LAYER', `next(through(request, { body(bytes, last, outer) { outer.end('longer than it was') } }))`],
  ])('%s: %s', async (code, body) => {
    const file = layer(body)
    const app = answering(200, [['Content-Length', '4']], 'body')
    const { codes } = await pass(ownLayer(file), {}, {}, app, context)
    expect(codes).toEqual([code])
  })

  test('the variables of a request are not to be changed', async () => {
    const file = layer(`'use strict'; request.variables.A = 'b'`)
    expect((await pass(ownLayer(file), {}, {}, answering(200), context)).codes).toEqual(['LAYER_RAISED'])
  })

  test('nobody looks at the rules in production', async () => {
    const { NODE_ENV } = process.env
    process.env.NODE_ENV = 'production'
    try {
      const wrong = layer(`next(through(request, { Head() {} }))`)
      expect((await pass(ownLayer(wrong), {}, {}, answering(200), context)).response.status).toBe(200)
      const worse = layer(`next(through(request, {}, { variables: { ...request.variables, SERVER_PORT: 'x' } }))`)
      expect((await pass(ownLayer(worse), {}, {}, answering(200), context)).codes).toEqual(['LAYER_VARIABLE'])
      let asked = 0
      const counting = (): void => void asked++
      const twice = layer(`next(request); next(request)`)
      expect((await pass(ownLayer(twice), {}, {}, counting, context)).codes).toEqual(['LAYER_REQUEST'])
      expect(asked).toBe(1)
      const app = answering(200, [['Content-Length', '4']], 'body')
      for (const [body, words] of [
        [`next(through(request, { head: () => undefined }))`, 'gave no head'],
        [`next(through(request, { head: () => ({ status: 20 }) }))`, 'responds wrongly: '],
        [`next(through(request, { head: () => ({ status: 200, headers: [['A B', '1']] }) }))`, '(HEADER_NAME)'],
        [
          `next(through(request, { head: () => undefined, body: (bytes, last, to) => { to.write(bytes) } }))`,
          'it wrote a body before',
        ],
        [`next(through(request, { body(bytes, last, to) { to.end('longer than it was') } }))`, '(BODY_TOO_LONG)'],
        [`request.write('a')`, '(NO_HEAD)'],
        [
          `request.respond({ status: 200, headers: [['Content-Length', '3']] }); request.end('ab')`,
          'it ends short of its Content-Length by 1 bytes',
        ],
      ] as const) {
        const { errors } = await pass(ownLayer(layer(body)), {}, {}, app, context)
        expect([body, ...errors.map(({ code }) => code)]).toEqual([body, 'LAYER_RESPONSE'])
        expect(errors[0]!.message).toContain(words)
      }
    } finally {
      process.env.NODE_ENV = NODE_ENV
    }
  })

  test('its name and its stack are in the log', async () => {
    const file = layer(`throw new Error('oh')`)
    const { at, log } = await serve({ mounts: { '/': { respond: 200, use: [file as './x'] } } })
    const response = await fetch(at)
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('LAYER_RAISED')])
    expect(log.text).toMatch(new RegExp(`error the layer ${file} raised: oh code=LAYER_RAISED blame=layer .* mount=/`))
    expect(log.text).toContain(`${file.slice(2)}:2`)
  })

  test('a client that is gone is nobody’s fault', async () => {
    const file = layer(`setImmediate(() => next(request))`)
    const { layer: own } = makeLayer(ownLayer(file), {}, context)
    await own.open!()
    const made = makeExchange()
    void own.handle(made.exchange, () => expect.unreachable())
    made.hangUp()
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(made.errors).toEqual([])
  })
})

describe('what keeps it from being one', () => {
  test.each([
    ['./layer-0.ts', 'TARGET_MISSING'],
    [write('half.ts', 'export default ({'), 'TARGET_RAISED'],
  ])('check looks at %s, and loads nothing', async (file, code) => {
    const { layer: own } = makeLayer(ownLayer(file), {}, context)
    await expect(own.check!()).rejects.toMatchObject({ code, path: `use.0.${file}` })
  })

  const told = async (use: readonly unknown[]): Promise<unknown> => {
    const config = { listen: ['http://127.0.0.1:0'], mounts: { '/': { respond: 204, use } } } as unknown as Config
    try {
      const gateway = await createGateway(config, { directory: folder.path })
      open.push(gateway)
      await gateway.start()
    } catch (error) {
      return (error as { problems: readonly unknown[] }).problems[0]
    }
    return undefined
  }

  test.each<[string, string, unknown, string, string]>([
    ['no file', '', 'layer-0.ts', 'TARGET_MISSING', 'layer-0.ts is not there'],
    ['no export', 'export const a = 1', undefined, 'TARGET_EXPORT', 'has no export default, layer; it exports a'],
    ['no function', 'export default 1', undefined, 'LAYER_SHAPE', 'exports a number, not a layer'],
    [
      'an app',
      'export default (app) => (environ, start) => app(environ, start)',
      undefined,
      'LAYER_SHAPE',
      'makes a function, not a layer: an object with a method handle(request, next); a function from app to app is no layer',
    ],
    [
      'nothing made',
      'export const layer = () => ({ handel() {} })',
      undefined,
      'LAYER_SHAPE',
      'makes an object with handel',
    ],
    [
      'settings that are wrong',
      'export default ({ a }) => { throw new Error(`a is ${a}, not 1`) }',
      { a: 2 },
      'LAYER_FAILED',
      'a is 2, not 1',
    ],
    [
      'it does not open',
      'export default { open: () => Promise.reject(new Error("no database")), handle() {} }',
      undefined,
      'LAYER_FAILED',
      'no database',
    ],
    ['settings for nobody', 'export default { handle() {} }', { a: 2 }, 'LAYER_SHAPE', 'takes no settings'],
    ['no settings', 'export default { handle() {} }', 5, 'CONFIG_VALUE', 'is 5, must be'],
  ])('%s', async (name, text, settings, code, message) => {
    const file = text === '' ? `./${settings as string}` : write(`wrong-${name.replaceAll(/\W/g, '-')}.mjs`, text)
    const entry = text === '' || settings === undefined ? file : { [file]: settings }
    expect(await told([entry])).toMatchObject({ code, message: expect.stringContaining(message) })
  })
})
