// wsgi.input: the request body as it arrives.
import { expect, test } from 'vitest'
import { openMount } from './mount.ts'

const spec = { python: 'spec' }
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

test('an upload is pulled: what the app has not asked for stays with the client', async () => {
  const { ask } = await openMount(spec)
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

test('body and response at the same time', async () => {
  const { start } = await openMount(spec)
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

test('a body that is cut raises an OSError in the app', async () => {
  const { start, ask } = await openMount(spec)
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
