// What of Flask is no matter of a web server in front (that is in test/frameworks), and what changes Python itself: gevent and eventlet.
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { INTERPRETER, openMount } from './mount.ts'

function importable(name: string): boolean {
  return spawnSync(INTERPRETER, ['-c', `import ${name}`]).status === 0
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
