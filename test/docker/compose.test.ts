// docker-compose.yml and those of configs/ for real: built, browsed, stopped.
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { text as bodyOf } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../harness.ts'
import { findCompose } from './engine.ts'
import { newStack, type Stack } from './stack.ts'

const found = await findCompose()
const missing = 'missing' in found ? found.missing : undefined
const command = 'command' in found ? found.command : []
if (missing !== undefined) console.warn(`docker-compose.yml was not tested: ${missing}`)

// continuous integration skips nothing
test.skipIf(missing !== undefined && process.env.CI !== 'true')(
  'there is an engine to test docker-compose.yml with',
  () => {
    expect(missing).toBeUndefined()
  },
)

describe.skipIf(missing !== undefined)('docker-compose.yml', { timeout: 60_000 }, () => {
  let stack: Stack | undefined

  beforeAll(async () => {
    stack = await newStack(command)
    await stack.compose('build')
    await stack.compose('up', '-d')
  }, 300_000)

  afterAll(() => stack?.down(), 60_000)

  test.each([
    ['/', 'the TypeScript app', '<h1>Sidegate</h1>'],
    ['/express', 'Express', 'Express sees'],
    ['/express/notes.json', 'Express below its prefix', 'Buy milk'],
    ['/shop', 'Flask', 'Flask on Python'],
    ['/shop/pear', 'Flask below its prefix', '<h1>pear</h1>'],
    ['/static/', 'nginx itself', '<title>Files</title>'],
  ])('GET %s is answered by %s', async (path, _who, text) => {
    const response = await fetch(stack!.url + path)
    expect(await response.text()).toContain(text)
    expect(response.status).toBe(200)
  })

  test('a form reaches a Flask worker', async () => {
    const response = await fetch(`${stack!.url}/shop/pear`, {
      method: 'POST',
      body: new URLSearchParams({ count: '3' }),
    })
    expect(await response.text()).toContain('3 × pear: 12 coins.')
  })

  test('the apps see the address and the host that the browser used', async () => {
    const text = await (await fetch(`${stack!.url}/environ`)).text()
    expect(text).toContain(`HTTP_HOST = ${new URL(stack!.url).host}\n`)
    expect(text).toMatch(/^REMOTE_ADDR = [0-9a-f.:]+$/m)
    expect(text).toContain('SERVER_PORT = 8080\n')
  })

  test('Sidegate is process 1, and nobody in its container is root', async () => {
    const { stdout } = await stack!.compose(
      'exec',
      '-T',
      'sidegate',
      'sh',
      '-c',
      // a health check may end meanwhile, and its file with it
      'cat /proc/1/cmdline; cat /proc/[0-9]*/status || true',
    )
    expect(stdout).toMatch(/^node\0[^\0]*sidegate\0serve\0/)
    const users = [...stdout.matchAll(/^Uid:\s+(\d+)/gm)].map(([, user]) => user)
    expect(users.length).toBeGreaterThanOrEqual(3)
    expect(users).not.toContain('0')
  })

  test('nothing is wrong in the logs', async () => {
    const { stdout } = await stack!.compose('logs', '--no-color')
    expect(stdout).not.toMatch(/\[(?:warn|error|crit|alert|emerg)\]/)
    expect(stdout).not.toMatch(/Z (?:warn|error) |Warning:/)
    expect(stdout).toMatch(/"GET \/shop\/pear" 200/)
  })

  test('stops within ten seconds, after it drained', async () => {
    const id = (await stack!.compose('ps', '-q', 'sidegate')).stdout.trim()
    const started = performance.now()
    await stack!.compose('stop')
    expect(performance.now() - started).toBeLessThan(10_000)
    const { stdout } = await stack!.docker('inspect', '--format', '{{.State.ExitCode}} {{.State.OOMKilled}}', id)
    expect(stdout.trim()).toBe('0 false')
    expect((await stack!.docker('logs', id)).stderr).toMatch(/SIGTERM: no new requests[^]* stopped\n$/)
  })
})

// Lines in which a web server finds something wrong; not those on what its config or the stop asks for.
const complaints: Readonly<Record<string, RegExp>> = {
  apache: /\[\w*:(?:warn|error|crit|alert|emerg)\]/,
  caddy:
    /"level":"(?:warn|error|fatal)"(?!.*"(?:admin endpoint disabled|automatic HTTPS is completely disabled|HTTP\/[23] skipped because it requires TLS|exiting; byeee))/,
  haproxy:
    /\[(?:WARNING|ALERT)\](?!.* (?:Exiting Master process|Proxy \S+ stopped|Current worker \(\d+\) exited with code 0|All workers exited))|<\d>/,
  lighttpd: /\(\w+\.c\.\d+\) (?!server (?:started|stopped)|\[note\] graceful shutdown)/,
}

test('every web server with a compose file is run', () => {
  const folder = new URL('../../configs/', import.meta.url)
  const composed = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/docker-compose.yml`, folder)))
  expect(composed.toSorted()).toEqual(Object.keys(complaints))
})

describe.skipIf(missing !== undefined).each(Object.entries(complaints))(
  'configs/%s/docker-compose.yml',
  { timeout: 60_000 },
  (host, complaint) => {
    let stack: Stack | undefined

    beforeAll(async () => {
      stack = await newStack(command, `configs/${host}/docker-compose.yml`)
      await stack.compose('build')
      await stack.compose('up', '-d')
      await until(`${host} answers`, async () => (await fetch(stack!.url).catch(() => undefined)) !== undefined)
    }, 300_000)

    afterAll(() => stack?.down(), 60_000)

    test.each([
      ['/', '<h1>Sidegate</h1>'],
      ['/express/notes.json', 'Buy milk'],
      ['/shop/pear', '<h1>pear</h1>'],
      ['/static/', '<title>Files</title>'],
    ])('GET %s', async (path, text) => {
      const response = await fetch(stack!.url + path)
      expect(await response.text()).toContain(text)
      expect(response.status).toBe(200)
    })

    test('a form reaches a Flask worker', async () => {
      const response = await fetch(`${stack!.url}/shop/pear`, {
        method: 'POST',
        body: new URLSearchParams({ count: '3' }),
      })
      expect(await response.text()).toContain('3 × pear: 12 coins.')
    })

    test('the app sees the request that the browser sent', async () => {
      const text = await (await fetch(`${stack!.url}/environ?a[]=%2F`)).text()
      expect(text).toContain(`HTTP_HOST = ${new URL(stack!.url).host}\n`)
      expect(text).toContain('SCRIPT_NAME = \n')
      expect(text).toContain('PATH_INFO = /environ\n')
      expect(text).toContain('QUERY_STRING = a[]=%2F\n')
      expect(text).toMatch(/^REMOTE_ADDR = [0-9a-f.:]+$/m)
    })

    test('stops within ten seconds, after the requests under way, and nothing is wrong in the logs', async () => {
      const containers = (await stack!.compose('ps', '-q')).stdout.trim().split('\n')
      const upload = request(`${stack!.url}/shop/pear`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': 7 },
      })
      const answered = once(upload, 'response') as Promise<[IncomingMessage]>
      await new Promise((resolve) => upload.write('count=', resolve))
      const stopped = stack!.compose('stop')
      await until(`${host} takes no more`, async () => (await fetch(stack!.url).catch(() => undefined)) === undefined)
      upload.end('3')
      const [response] = await answered
      expect(await bodyOf(response)).toContain('3 × pear: 12 coins.')
      await stopped
      const { stdout } = await stack!.compose('logs', '--no-color')
      expect(stdout).not.toMatch(complaint)
      expect(stdout).not.toMatch(/Z (?:warn|error) |Warning:/)
      expect(stdout).toMatch(/"GET \/shop\/pear" 200/)
      // Docker kills what has not stopped after ten seconds: the exit code is 137 then.
      const states = await stack!.docker('inspect', '--format', '{{.State.ExitCode}} {{.RestartCount}}', ...containers)
      expect(states.stdout).toBe('0 0\n0 0\n')
    })
  },
)
