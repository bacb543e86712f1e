// wsgi.input: the request body, taken whole before a worker is, or as it arrives.
import { expect, onTestFinished, test } from 'vitest'
import { SPOOL_LIMITS } from '../../sidecar/spool.ts'
import { heldBody } from '../held-body.ts'
import { spoolFiles } from '../spool-files.ts'
import { openMount } from './mount.ts'

const spec = { python: 'spec' }
const streaming = { ...spec, streamBodies: true }
const TEXT = 'one\ntwo\n\nthree\nend'

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += size) {
    await Promise.resolve()
    yield Buffer.from(text.slice(at, at + size))
  }
}

const WAYS = {
  all: [TEXT, '', ''],
  sized: ['', 'one', '\ntwo\n\nthree\nend', ''],
  line: ['one\n', 'tw', 'o\n', '\n', 'three\n'],
  lines: ['one\n', 'two\n', '\n', 'three\n', 'end'],
  hint: ['one\n', 'two\n', '|', '\n', 'three\n', 'end'],
  iterate: ['one\n', 'two\n', '\n', 'three\n', 'end'],
  mixed: ['on', 'e\n', 'two\n', '\nthree\nend'],
}

test.for(Object.entries(WAYS))('%s: a body at once, and in pieces without a length', async ([how, expected]) => {
  const { ask } = await openMount(spec)
  const path = `/read_input?${how}`
  const whole = await ask({ path, method: 'POST', body: TEXT })
  expect(JSON.parse(whole.body.toString())).toEqual(expected)
  for (const size of [1, 5]) {
    const streamed = await ask({ path, method: 'POST', body: pieces(TEXT, size) })
    expect(JSON.parse(streamed.body.toString())).toEqual(expected)
  }
})

test('read(CONTENT_LENGTH) gives all of it however it arrives', async () => {
  const { ask } = await openMount(spec)
  const variables = { CONTENT_LENGTH: String(TEXT.length) }
  const { body } = await ask({ path: '/read_input?length', method: 'POST', body: pieces(TEXT, 3), variables })
  expect(JSON.parse(body.toString())).toEqual([TEXT])
})

test('without a body there is nothing to read', async () => {
  const { ask } = await openMount(spec)
  for (const how of ['all', 'lines']) {
    const { body } = await ask({ path: `/read_input?${how}` })
    expect((JSON.parse(body.toString()) as string[]).join('')).toBe('')
  }
})

test('streamed, an upload is pulled: what the app has not asked for stays with the client', async () => {
  const { ask } = await openMount(streaming)
  const chunk = Buffer.alloc(64 * 1024)
  const count = 1600
  async function* many(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield chunk
  }
  const before = process.memoryUsage().rss
  const { body } = await ask({ path: '/count_input', method: 'POST', body: many() })
  expect(Number(body.toString())).toBe(count * chunk.length)
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
})

test('streamed, body and response at the same time', async () => {
  const { start } = await openMount(streaming)
  let give: (text: string) => void = () => {}
  async function* dialogue(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('ping')
    yield Buffer.from(await new Promise<string>((resolve) => (give = resolve)))
  }
  const { carrier, response } = start({ path: '/echo_input', method: 'POST', body: dialogue() })
  await carrier.until(({ bytes }) => bytes.toString() === 'ping')
  give('pong')
  expect((await response).body.toString()).toBe('pingpong')
})

test('an app that does not read a body leaves a clean connection', async () => {
  const { ask } = await openMount(spec)
  for (let i = 0; i < 3; i++) {
    const { body } = await ask({ path: '/hello', method: 'POST', body: 'x'.repeat(3_000_000) })
    expect(body.toString()).toBe('Hello World\n')
  }
  const { body } = await ask({ path: '/read_input?all', method: 'POST', body: 'after' })
  expect(JSON.parse(body.toString())).toEqual(['after', '', ''])
})

test('streamed, a body that is cut raises an OSError in the app', async () => {
  const { start, ask } = await openMount(streaming)
  let asked = false
  async function* never(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('some')
    asked = true
    await new Promise(() => {})
  }
  const { exchange, hangUp, errors } = start({ path: '/cut_input', method: 'POST', body: never() })
  await expect.poll(() => asked).toBe(true)
  hangUp()
  expect(exchange.aborted).toBe(true)
  const { body } = await ask({ path: '/cuts' })
  expect(JSON.parse(body.toString())).toEqual(['Gone'])
  expect(errors).toEqual([])
})

test.for([
  [
    'at once',
    async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(TEXT)
    },
  ],
  ['in pieces', () => pieces(TEXT, 1)],
] as const)('a body without a length, %s: the app is told its length', async ([, body]) => {
  const { ask } = await openMount(spec)
  const { body: got } = await ask({ path: '/read_input?length', method: 'POST', body: body() })
  expect(JSON.parse(got.toString())).toEqual([TEXT])
})

test.for([undefined, 5, 200_001])('a client that sends slowly keeps no worker (length: %s)', async (length) => {
  const { ask, start } = await openMount({ ...spec, spoolMemory: 100_000 })
  const { body, asked, end } = heldBody(length === 200_001 ? Buffer.alloc(200_000) : 'slow')
  const slow = start({ path: '/count_input', method: 'POST', body, ...(length === undefined ? {} : { length }) })
  await asked
  expect((await ask({ path: '/hello' })).body.toString()).toBe('Hello World\n')
  expect((await ask({ path: '/count_input', method: 'POST', body: 'quick' })).body.toString()).toBe('5')
  end()
  expect((await slow.response).body.toString()).toBe(String(length ?? 5))
  await expect.poll(spoolFiles).toEqual([])
})

test('what is not kept in memory comes from a file, in order', async () => {
  const { ask } = await openMount({ ...spec, spoolMemory: 1000 })
  const text = Array.from({ length: 40_000 }, (_, index) => `${index}\n`).join('')
  const { body } = await ask({ path: '/read_input?length', method: 'POST', body: pieces(text, 777) })
  expect((JSON.parse(body.toString()) as string[])[0]).toBe(text)
  await expect.poll(spoolFiles).toEqual([])
})

test('bodies have a bound: beyond it 413 without a length, and with one they are passed on as they come', async () => {
  const { ask, start } = await openMount({ ...spec, maxSpool: 10 })
  const path = '/count_input'
  for (const body of [() => pieces('x'.repeat(11), 3), () => pieces('x'.repeat(11), 11)]) {
    expect((await ask({ path, method: 'POST', body: body() })).status).toBe(413)
  }
  expect((await ask({ path, method: 'POST', body: pieces('x'.repeat(10), 3) })).body.toString()).toBe('10')
  const { body, asked, end } = heldBody('x'.repeat(10))
  const { carrier, response } = start({ path: '/echo_input', method: 'POST', body, length: 11 })
  await asked
  await carrier.until(({ bytes }) => bytes.length === 8)
  end()
  expect((await response).body.toString()).toBe(`${'x'.repeat(10)}.`)
})

test('maxSpool 0: a body without a length gets 411', async () => {
  const { start } = await openMount({ ...spec, maxSpool: 0 })
  const { response, errors } = start({ path: '/hello', method: 'POST', body: pieces('abc', 1) })
  expect((await response).status).toBe(411)
  expect(errors.map(({ code }) => code)).toEqual(['LENGTH_REQUIRED'])
})

test('a client that leaves while its body is taken, or waits for a worker, leaves nothing behind', async () => {
  const { start } = await openMount({ ...spec, spoolMemory: 0, stopTimeout: 0.1 })
  const taken = heldBody('some')
  const leaver = start({ path: '/count_input', method: 'POST', body: taken.body })
  await taken.asked
  leaver.hangUp()
  await expect.poll(spoolFiles).toEqual([])
  const busy = start({ path: '/wait_at_gate' })
  const waiting = start({ path: '/count_input', method: 'POST', body: pieces('abc', 1) })
  await expect.poll(() => waiting.exchange.upload?.length).toBe(3)
  expect(spoolFiles()).toHaveLength(1)
  waiting.hangUp()
  await expect.poll(spoolFiles).toEqual([])
  busy.hangUp()
})

test('a folder for temporary files that cannot be written: 503, and the gateway is to blame', async () => {
  const { start } = await openMount({ ...spec, spoolMemory: 0 })
  const before = process.env.TMPDIR
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  })
  process.env.TMPDIR = '/nonexistent'
  const { response, errors } = start({ path: '/hello', method: 'POST', body: pieces('abc', 1) })
  expect((await response).status).toBe(503)
  expect(errors.map(({ code, blame }) => [code, blame])).toEqual([['SPOOL_FAILED', 'gateway']])
})

test('all bodies together have bounds: beyond that of the memory they go to files, beyond that of files they get 503', async () => {
  const { ask, start } = await openMount(spec)
  const { memory, files } = SPOOL_LIMITS
  onTestFinished(() => void Object.assign(SPOOL_LIMITS, { memory, files }))
  Object.assign(SPOOL_LIMITS, { memory: 2, files: 3 })
  const first = heldBody('ab')
  const slow = start({ path: '/count_input', method: 'POST', body: first.body })
  await first.asked
  const second = heldBody('cd')
  const next = start({ path: '/count_input', method: 'POST', body: second.body })
  await second.asked
  await expect.poll(spoolFiles).toHaveLength(1)
  const { response, errors } = start({ path: '/count_input', method: 'POST', body: pieces('ef', 2) })
  expect((await response).status).toBe(503)
  expect(errors.map(({ code, blame }) => [code, blame])).toEqual([['SPOOL_FULL', 'gateway']])
  second.end()
  expect((await next.response).body.toString()).toBe('3')
  first.end()
  expect((await slow.response).body.toString()).toBe('3')
  await expect.poll(spoolFiles).toEqual([])
  // What they had is free again.
  expect((await ask({ path: '/count_input', method: 'POST', body: pieces('ab', 1) })).body.toString()).toBe('2')
})
