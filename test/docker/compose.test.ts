// docker-compose.yml for real: built, browsed, stopped.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
      'cat /proc/1/cmdline; cat /proc/[0-9]*/status',
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
