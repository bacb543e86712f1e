// What Sidegate starts on Windows: commands, scripts and Python workers, and that none of them is there when it should not be. Whether a process
// lives is asked of a port on which it listens.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { accepts, freePort, temporaryFolder, until } from '../../harness.ts'
import { NODE_VERSIONS, nodeExe, PYTHON, WINE } from '../places.ts'
import { prepared } from '../prepared.ts'
import { wineEnvironment, windowsPath, WindowsProgram } from '../wine.ts'

const apps = join(import.meta.dirname, '../apps')
const sidegate = windowsPath(join(import.meta.dirname, '../../../dist/sidecar/main.js'))
const node = nodeExe(NODE_VERSIONS[0])

describe.skipIf(!prepared)('what is started on Windows', () => {
  const folder = temporaryFolder()
  const started: WindowsProgram[] = []
  afterAll(async () => {
    for (const one of started) await one.kill()
    folder.remove()
  })

  /** The words of the command; `name` of its file. */
  function serving(name: string, config: object): string[] {
    const file = join(folder.path, `${name}.json`)
    writeFileSync(file, JSON.stringify(config))
    return [node, sidegate, 'serve', '--config', windowsPath(file)]
  }

  function serve(config: object): WindowsProgram {
    const one = new WindowsProgram(serving(String(started.length), config))
    started.push(one)
    return one
  }

  let port = 0
  let command = 0
  let gateway: WindowsProgram

  function ask(path: string, body?: Buffer): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const method = body ? 'POST' : 'GET'
      const call = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks) }))
        response.on('error', reject)
      })
      call.on('error', reject).end(body)
    })
  }

  const text = async (path: string): Promise<string> => (await ask(path)).body.toString()
  const gone = (alive: number): Promise<unknown> =>
    until(`nobody listens on ${alive}`, async () => !(await accepts(`127.0.0.1:${alive}`)))

  beforeAll(async () => {
    port = await freePort()
    command = await freePort()
    const pipe = `sidegate-${port}`
    gateway = serve({
      listen: [`127.0.0.1:${port}`, `pipe:${pipe}`, { address: `http://pipe:${pipe}-all`, access: 'everyone' }],
      mounts: {
        // By its own pipe.
        '/http': { upstream: `http://pipe:${pipe}` },
        '/everyone': { upstream: `http://pipe:${pipe}-all` },
        '/fastcgi': { upstream: `fastcgi://pipe:${pipe}` },
        '/closing': { upstream: `http://pipe:${pipe}-closing`, connectTimeout: 1, retries: 0 },
        '/missing': { upstream: `http://pipe:${pipe}-missing` },
        '/run': {
          run: [
            windowsPath(node),
            windowsPath(join(apps, 'listens.mjs')),
            '$SOCKET',
            String(command),
            `${pipe}-closing`,
          ],
          speaks: 'http',
        },
        '/cgi': { cgi: windowsPath(apps), interpreters: { '.mjs': `"${windowsPath(node)}"` }, timeout: 1 },
        '/py': {
          python: 'worker',
          interpreter: windowsPath(PYTHON),
          cwd: windowsPath(apps),
          threads: 2,
          abortTimeout: 1,
        },
      },
    })
    await gateway.said(/mounted/)
  }, 60_000)

  test('a command listens on a pipe', async () => {
    expect(await text('/run/x')).toBe('/x on a pipe')
  })

  test('who connects by a pipe is served in every protocol, and a body of any size passes', async () => {
    expect(await text('/http/run/x')).toBe('/x on a pipe')
    expect(await text('/fastcgi/run/x')).toBe('/x on a pipe')
    expect(await text('/everyone/run/x')).toBe('/x on a pipe')
    const body = Buffer.alloc(3_000_000, 'pipe')
    expect((await ask('/http/py/echo', body)).body.equals(body)).toBe(true)
    expect((await ask('/fastcgi/py/echo', body)).body.equals(body)).toBe(true)
  })

  test('nobody waits long for a pipe whose server has closed its door, or that is not there', async () => {
    const start = performance.now()
    const { status, body } = await ask('/closing')
    expect([status, body.toString()]).toEqual([504, expect.stringContaining('UPSTREAM_CONNECT')])
    // By itself the system would wait for 30.
    expect(performance.now() - start).toBeLessThan(15_000)
    expect((await ask('/missing')).body.toString()).toContain('UPSTREAM_CONNECT')
  })

  test('a script that is late is ended', async () => {
    const script = await freePort()
    const answer = ask(`/cgi/hangs.mjs?${script}`)
    await until('the script runs', () => accepts(`127.0.0.1:${script}`))
    expect((await answer).status).toBe(504)
    await gone(script)
  })

  test('a worker takes and gives large bodies', async () => {
    const body = Buffer.alloc(3_000_000, 'sidegate')
    expect((await ask('/py/echo', body)).body.equals(body)).toBe(true)
  })

  test('the threads of a worker answer at the same time', async () => {
    const answers = await Promise.all([text('/py/meet'), text('/py/meet')])
    expect(answers[0]).toBe(answers[1])
  })

  test('what an app prints and raises is in the log', async () => {
    await text('/py/print')
    expect((await ask('/py/raise')).status).toBe(500)
    await gateway.said(/printed ✓ .*stream=stdout/)
    await gateway.said(/ValueError: über/)
  })

  test('a client that goes away while it sends harms nobody', async () => {
    const call = request({ host: '127.0.0.1', port, path: '/py/echo', method: 'POST', agent: false })
    call.on('error', () => {}).write(Buffer.alloc(100_000))
    await until('it is sent', () => call.socket && call.socket.writableLength === 0)
    call.destroy()
    expect(await text('/py/x')).toMatch(/^\d+ 0$/)
  })

  test('a worker that dies is replaced, and what its app had started ends with it', async () => {
    const child = await freePort()
    const [pid] = (await text(`/py/child?${child}`)).split(' ')
    expect(await accepts(`127.0.0.1:${child}`)).toBe(true)
    const { status, body } = await ask('/py/die')
    expect([status, body.toString()]).toEqual([502, expect.stringContaining('WORKER_DIED')])
    await gone(child)
    expect((await text('/py/x')).split(' ')[0]).not.toBe(pid)
  })

  test('a start that fails ends what has come up, and says why', async () => {
    const other = await freePort()
    const run = (...words: string[]) => ({ run: [windowsPath(node), ...words], speaks: 'http' })
    const failing = serve({
      listen: [`127.0.0.1:${await freePort()}`],
      mounts: {
        '/good': run(windowsPath(join(apps, 'listens.mjs')), '$PORT', String(other)),
        '/bad': run('-e', 'process.exit(3)', '$PORT'),
      },
    })
    expect(await failing.exited).toBe(1)
    expect(failing.output).toContain('exited with code 3 before it accepted a connection')
    expect(await accepts(`127.0.0.1:${other}`)).toBe(false)
  })

  test('Ctrl-C in its console stops it, as signals do elsewhere, and what it had started', async () => {
    const other = await freePort()
    const config = {
      listen: [`pipe:sidegate-${port}-console`],
      mounts: {
        '/': {
          run: [windowsPath(node), windowsPath(join(apps, 'listens.mjs')), '$PORT', String(other)],
          speaks: 'http',
        },
      },
    }
    const words = [WINE, ...serving('console', config)]
    // A terminal of its own.
    const console = spawn('script', ['-qec', `exec ${words.map((word) => `'${word}'`).join(' ')}`, '/dev/null'], {
      env: wineEnvironment(),
    })
    onTestFinished(() => void console.kill('SIGKILL'))
    let output = ''
    for (const stream of [console.stdout, console.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes))
    await until('it serves', () => output.includes('mounted'), 30_000)
    expect(await accepts(`127.0.0.1:${other}`)).toBe(true)
    console.stdin.write('\x03')
    const [code] = (await once(console, 'exit')) as [number]
    expect([code, output]).toEqual([0, expect.stringContaining('SIGINT: no new requests')])
    expect(await accepts(`127.0.0.1:${other}`)).toBe(false)
  })

  test('nothing outlives a gateway that is ended by force', async () => {
    const child = await freePort()
    const script = await freePort()
    await text(`/py/child?${child}`)
    const hanging = ask(`/cgi/hangs.mjs?${script}`).catch(() => {})
    await until('the script runs', () => accepts(`127.0.0.1:${script}`))
    expect(await accepts(`127.0.0.1:${command}`)).toBe(true)
    await gateway.kill()
    for (const alive of [child, script, command]) await gone(alive)
    await hanging
  })
})
