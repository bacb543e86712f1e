// IIS in front of Sidegate: the stand-in for IIS starts the handler on node.exe, and that speaks to a Sidegate on node.exe.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Variables } from '../../sidecar/variables.ts'
import { MAIN } from '../built.ts'
import { temporaryFolder, until } from '../harness.ts'
import { FastcgiApplication, type Registration } from './application.ts'
import type { Answered } from './conversation.ts'
import { startWindowsGateway, type WindowsGateway } from './gateway.ts'
import { NODE_VERSIONS, nodeExe, type NodeVersion } from './places.ts'
import { prepared } from './prepared.ts'
import { iisVariables } from './variables.ts'
import { windowsPath } from './wine.ts'

const HANDLER = windowsPath(join(import.meta.dirname, '../../dist/plugin/iis/handler.js'))
const SITE = { path: '', folder: String.raw`C:\inetpub\wwwroot` }
const MEGABYTE = 1024 * 1024

function variables(method: string, target: string, length = 0): Variables {
  const rawHeaders = ['Host', 'example.com', ...(length > 0 ? ['Content-Length', String(length)] : [])]
  return iisVariables({ method, target, rawHeaders }, SITE)
}

const get = (target: string): { variables: Variables } => ({ variables: variables('GET', target) })
const post = (target: string, body: Uint8Array) => ({ variables: variables('POST', target, body.length), body })
const json = ({ body }: Answered): unknown => JSON.parse(body.toString())

describe.skipIf(!prepared)('behind IIS', () => {
  const folder = temporaryFolder()
  const applications: FastcgiApplication[] = []
  const gateways: WindowsGateway[] = []
  const mounts = { '/': { node: windowsPath(join(import.meta.dirname, 'apps/site.mjs')) } }
  let names = 0
  afterEach(async () => {
    await Promise.all(applications.splice(0).map((one) => one.stop()))
  })
  afterAll(async () => {
    await Promise.all(gateways.map((one) => one.kill()))
    folder.remove()
  })

  /** An address that no other has. */
  const newAddress = (): string => `pipe:sidegate-test-${process.pid}-${++names}`

  async function gateway(address: string, version?: NodeVersion): Promise<WindowsGateway> {
    const config = { host: 'iis', listen: [`fastcgi://${address}`], mounts }
    const one = await startWindowsGateway({ config, ...(version ? { version } : {}) })
    gateways.push(one)
    return one
  }

  /** A folder for a site, as IIS has one. */
  function site(): string {
    const path = join(folder.path, `site-${++names}`)
    mkdirSync(path)
    return path
  }

  /** Registers the handler, or what `arguments` is. */
  function register(address: string, options: Partial<Registration> & { version?: NodeVersion } = {}) {
    const { version = '24.21.0', ...registration } = options
    const words = `"${HANDLER}" ${address} "${windowsPath(site())}"`
    const one = new FastcgiApplication({ fullPath: nodeExe(version), arguments: words, ...registration })
    applications.push(one)
    return one
  }

  // a Sidegate each
  const places: Readonly<Record<NodeVersion, string>> = { '24.21.0': newAddress(), '22.23.3': newAddress() }
  beforeAll(() => Promise.all(NODE_VERSIONS.map((version) => gateway(places[version], version))))

  test.for([
    ['24.21.0', 100],
    ['22.23.3', 10],
  ] as const)(
    'on Node.js %s %i requests in a row, large bodies both ways, an abort: by one instance',
    async ([version, requests]) => {
      const application = register(places[version], { version, maxInstances: 1 })
      for (let turn = 0; turn < requests; turn++) {
        expect(json(await application.ask(get(`/echo?${turn}`)))).toEqual({ echo: String(turn) })
      }
      const large = Buffer.alloc(5 * MEGABYTE, 'upload')
      const digest = createHash('sha256').update(large).digest('hex')
      expect(json(await application.ask(post('/digest', large)))).toEqual({ size: large.length, digest })
      const { body } = await application.ask(get(`/bytes?${5 * MEGABYTE}`))
      expect(body.equals(Buffer.alloc(5 * MEGABYTE, 'sidegate'))).toBe(true)

      // taken back in one piece with the request: the app may hear of neither
      const leaving = new AbortController()
      const taken = application.ask({ ...get('/wait'), signal: leaving.signal })
      leaving.abort()
      await expect(taken).rejects.toThrow('aborted')
      const aborted = async () => (json(await application.ask(get('/aborted'))) as { aborted: number }).aborted
      const before = await aborted()
      const gone = new AbortController()
      const begun = application.ask({ ...get('/head-then-wait'), signal: gone.signal, onHead: () => gone.abort() })
      await expect(begun).rejects.toThrow('aborted')
      await until('the app has heard of it', async () => (await aborted()) > before)
      expect(application).toMatchObject({ started: 1, failed: 0 })
    },
  )

  test('IIS connects before the process is there, or after it has looked for a while', async () => {
    for (const connects of ['first', 'later'] as const) {
      const application = register(places['24.21.0'], { connects })
      const answer = application.ask(get('/pid'))
      if (connects === 'later') {
        const instance = await until('it is started', () => application.instances[0])
        await until('it has loaded', async () => (await instance.handles()) > 20)
        await instance.connect()
      }
      expect((await answer).head.status).toBe(200)
    }
  })

  test('an end of the pipe made for blocking calls', async () => {
    const application = register(places['24.21.0'], { blocking: true })
    const large = Buffer.alloc(MEGABYTE)
    expect(json(await application.ask(post('/digest', large)))).toMatchObject({ size: large.length })
  })

  test('two instances at once, one of them killed', async () => {
    const application = register(places['24.21.0'], { maxInstances: 2 })
    const waiting = application.ask(get('/wait'))
    await until('one waits', () => application.instances.length === 1)
    const [first] = application.instances
    expect((await application.ask(get('/pid'))).head.status).toBe(200)
    expect(application.instances).toHaveLength(2)
    const answers = Promise.all(Array.from({ length: 5 }, (_, turn) => application.ask(get(`/echo?${turn}`))))
    await Promise.all([expect(waiting).rejects.toThrow('the pipe ended before the response'), first!.kill()])
    expect((await answers).map(json)).toEqual([0, 1, 2, 3, 4].map((turn) => ({ echo: String(turn) })))
    await until('the failure is counted', () => application.failed === 1)
  })

  test.for([0, 1])('an instance is recycled, signalBeforeTerminateSeconds=%i', async (seconds) => {
    const limits = { maxInstances: 1, instanceMaxRequests: 2, signalBeforeTerminateSeconds: seconds }
    const application = register(places['24.21.0'], limits)
    for (let turn = 0; turn < 3; turn++) {
      expect(json(await application.ask(get(`/echo?${turn}`)))).toEqual({ echo: String(turn) })
    }
    expect(application).toMatchObject({ started: 2, failed: 0 })
  })

  test('a restart of Sidegate: 502 for the request in hand, the next one goes through, by the same instance', async () => {
    const address = newAddress()
    const before = await gateway(address)
    const application = register(address, { maxInstances: 1 })
    const { pid } = json(await application.ask(get('/pid'))) as { pid: number }
    const inHand = application.ask(get('/wait'))
    await application.instances[0]!.handles()
    await before.kill()
    expect((await inHand).head.status).toBe(502)
    await gateway(address)
    expect(json(await application.ask(get('/pid')))).not.toMatchObject({ pid })
    expect(application).toMatchObject({ started: 1, failed: 0 })
  })

  test('no Sidegate is no failure of the handler; a handler that cannot start reaches the rapid-fail limit', async () => {
    const limits = { maxInstances: 1, rapidFailsPerMinute: 1 }
    const gone = register(newAddress(), limits)
    const answer = gone.ask(get('/'))
    const wrong = register('no-address', limits)
    for (const reason of [
      'the pipe ended',
      'the pipe ended',
      'the application is offline',
      'the application is offline',
    ]) {
      await expect(wrong.ask(get('/'))).rejects.toThrow(reason)
    }
    expect(wrong).toMatchObject({ started: 2, failed: 2 })
    // it has waited for a Sidegate meanwhile
    expect((await answer).head.status).toBe(502)
    expect(gone).toMatchObject({ started: 1, failed: 0 })
  })

  test('--start: the first of two instances starts a Sidegate, the other finds it', async () => {
    const path = site()
    const address = newAddress()
    const config = { host: 'iis', listen: [`fastcgi://${address}`], mounts }
    writeFileSync(join(path, 'sidegate.config.json'), JSON.stringify(config))
    const application = register(address, { arguments: `"${HANDLER}" ${address} "${windowsPath(path)}" --start` })
    const answers = await Promise.all([application.ask(get('/pid')), application.ask(get('/pid'))])
    const [one, other] = answers.map((answer) => (json(answer) as { pid: number }).pid)
    const [first, second] = application.instances
    try {
      expect(one).toBe(other)
      expect(readFileSync(join(path, 'logs/sidegate-iis.log'), 'utf8').match(/Sidegate was started/g)).toHaveLength(1)
      // it lives on without the instance that started it
      await first!.kill()
      expect(json(await application.ask(get('/pid')))).toMatchObject({ pid: one })
    } finally {
      second!.killOther(one!)
      await until('it has ended', async () => (await second!.handles(one)) === 0)
    }
  })

  test('serve is the FastCGI application itself, and ends with its pipe', async () => {
    const path = site()
    const words = `"${windowsPath(MAIN)}" serve node:"${mounts['/'].node}" --host iis --listen stdin:`
    const application = register('', { arguments: words, cwd: path, maxInstances: 1 })
    expect(json(await application.ask(get('/echo?x')))).toEqual({ echo: 'x' })
    const [instance] = application.instances
    instance!.pipe.end()
    expect(await instance!.exited).toBe(0)
  })
})
