// Real apps: Flask, Django and Bottle as the system has them, and what changes Python itself: gevent and eventlet.
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { INTERPRETER, openMount } from './mount.ts'

const FRAMEWORKS = [
  { name: 'flask', python: 'flask_app:app', title: 'Flask' },
  { name: 'django', python: 'django_app', title: 'Django' },
  { name: 'bottle', python: 'bottle_app', title: 'Bottle' },
] as const

function importable(name: string): boolean {
  return spawnSync(INTERPRETER, ['-c', `import ${name}`]).status === 0
}

function multipart(
  fields: Record<string, string>,
  file: Uint8Array,
): { headers: Record<string, string>; body: Buffer } {
  const boundary = 'boundary-of-the-test'
  const parts: Uint8Array[] = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  )
  parts.push(
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="upload"; filename="f.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  )
  return { headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` }, body: Buffer.concat(parts) }
}

for (const { name, python, title } of FRAMEWORKS) {
  const there = importable(name)
  if (!there)
    console.warn(`${title} is not tested: ${INTERPRETER} cannot import ${name} (Debian: apt install python3-${name})`)
  describe.skipIf(!there && process.env.CI !== 'true')(`${title}`, () => {
    test('hello, path and prefix, form with a file, streaming', async () => {
      const { ask } = await openMount({ python, threads: 2 })
      const hello = await ask({ path: '/' })
      expect([hello.status, hello.body.toString()]).toEqual([200, `Hello from ${title}\n`])
      expect((await ask({ path: '/', method: 'HEAD' })).body.length).toBe(0)
      expect((await ask({ path: '/missing' })).status).toBe(404)

      const where = await ask({ path: '/shop/path/caf%C3%A9%2Fx?a=1', prefix: '/shop' })
      const shown = JSON.parse(where.body.toString()) as Record<string, string>
      expect(shown.rest).toBe('café/x')
      expect(shown.url).toMatch(/^http:\/\/test\.example\/shop\/path\/caf.*[?]a=1$/)
      expect(shown.root!.replace(/\/$/, '')).toBe('/shop')

      const file = Buffer.alloc(300_000, 'abc')
      const { headers, body } = multipart({ name: 'value' }, file)
      const form = await ask({ path: '/form', method: 'POST', headers, body })
      expect(JSON.parse(form.body.toString())).toEqual({ form: { name: 'value' }, files: { upload: file.length } })
      // In chunks, as by `curl -T -`.
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < body.length; at += 10_000) yield body.subarray(at, at + 10_000)
      }
      const chunked = await ask({ path: '/form', method: 'POST', headers, body: chunks() })
      expect(chunked.body.toString()).toBe(form.body.toString())

      expect((await ask({ path: '/stream' })).body.toString()).toBe('0\n1\n2\n3\n4\n')
    })
  })
}

describe.skipIf(!importable('flask') && process.env.CI !== 'true')('Flask alone', () => {
  // Django and Bottle read no more of a body than CONTENT_LENGTH says, and without one nothing.
  test('streamed, an upload without a length', async () => {
    const { ask } = await openMount({ python: 'flask_app:app', streamBodies: true })
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 50; i++) yield Buffer.alloc(10_000)
    }
    const headers = { 'Transfer-Encoding': 'chunked', 'Content-Type': 'application/octet-stream' }
    const { body } = await ask({ path: '/size', method: 'POST', headers, body: chunks() })
    expect(body.toString()).toBe('500000')
  })

  test('a view that raises is answered by Flask, and its log line names the request', async () => {
    const { start, logged } = await openMount({ python: 'flask_app:app' })
    const { exchange, response } = start({ path: '/broken' })
    expect((await response).status).toBe(500)
    const line = await logged(({ message }) => message.includes('Exception on /broken [GET]'))
    expect(line).toMatchObject({ request: exchange.id, stream: 'errors' })
    expect(line.detail).toContain('ValueError: broken view')
  })
})

// The locks of eventlet know one thread.
const PATCHES = [
  { name: 'gevent', threads: 1 },
  { name: 'gevent', threads: 2 },
  { name: 'eventlet', threads: 1 },
] as const

for (const { name, threads } of PATCHES) {
  const there = importable(name)
  if (!there)
    console.warn(`${name} is not tested: ${INTERPRETER} cannot import ${name} (Debian: apt install python3-${name})`)
  test.skipIf(!there && process.env.CI !== 'true')(`an app patched by ${name}, threads: ${threads}`, async () => {
    const mount = await openMount({ python: `${name}_app:app`, threads })
    const made = ['a', 'b', 'c', 'd'].map((body) => mount.start({ method: 'POST', body }))
    const answers = await Promise.all([...made.map(({ response }) => response), mount.ask()])
    expect(answers.map(({ body }) => body.toString())).toEqual(['a', 'b', 'c', 'd', ''].map((body) => `0 1 2 ${body}`))
    await mount.mount.close()
    expect(mount.lines.filter(({ level }) => level !== 'info').map(({ message }) => message)).toEqual([])
  })

  // What else there is with gevent is as it was.
  if (threads !== 1 || process.platform !== 'linux') continue
  test.skipIf(!there && process.env.CI !== 'true')(
    `an app patched by ${name} is woken when its time is over`,
    async () => {
      const { ask, mount, lines } = await openMount({ python: `${name}_app:app`, requestTimeout: 0.5 })
      const { pids } = mount.status!()
      expect((await ask({ path: '/waits' })).status).toBe(504)
      // And waits on, in another request.
      expect((await ask()).body.toString()).toBe('0 1 2 ')
      expect((await ask({ path: '/waits' })).status).toBe(504)
      expect((await ask()).body.toString()).toBe('0 1 2 ')
      expect(mount.status!().pids).toEqual(pids)
      expect(lines.filter(({ code }) => code === 'REQUEST_STUCK')).toEqual([])
    },
  )
}
