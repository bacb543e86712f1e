// Names of upstreams: every address is a server, and they are looked up again.
import { lookup } from 'node:dns/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { until } from '../harness.ts'
import { Cleanup, httpUpstream, upstreamGateway, type Upstream, type UpstreamGateway } from './servers.ts'

// The system's resolver cannot be told what to say; the servers behind it are real.
vi.mock(import('node:dns/promises'), async (original) => ({
  ...(await original()),
  lookup: vi.fn<() => void>() as never,
}))

const answers = (addresses: readonly string[] | Error): void => {
  vi.mocked(lookup).mockImplementation((() =>
    addresses instanceof Error
      ? Promise.reject(addresses)
      : Promise.resolve(addresses.map((address) => ({ address, family: 4 })))) as never)
}

const cleanup = new Cleanup()
afterEach(() => cleanup.run())

const gateway = async (settings: Record<string, unknown>): Promise<UpstreamGateway> =>
  cleanup.add(await upstreamGateway(settings), (one) => one.stop())

/** Servers on several loopback addresses and one port. */
async function servers(count: number): Promise<Upstream[]> {
  const made: Upstream[] = []
  for (let index = 1; index <= count; index++) {
    const listener = httpUpstream((_, response) => response.end(String(index)), `127.0.0.${index}`, made[0]?.port ?? 0)
    made.push(cleanup.add(await listener, (one) => one.close()))
  }
  return made
}

const ask = async (url: string): Promise<string> => (await fetch(url)).text()

test('every address of a name is a server; when they change, so do the servers', async () => {
  const [first] = await servers(3)
  answers(['127.0.0.2', '127.0.0.1'])
  const one = await gateway({ upstream: `http://app.test:${first!.port}`, resolve: 0.03 })
  expect((await ask(one.url)) + (await ask(one.url)) + (await ask(one.url))).toBe('121')
  answers(['127.0.0.3'])
  await until('the third answers', async () => (await ask(one.url)) === '3')
  expect(one.log.text).toContain('app.test is 127.0.0.3 now')
  // A resolver that fails takes nothing away.
  answers(new Error('EAI_AGAIN'))
  const asked = vi.mocked(lookup).mock.calls.length
  await until('it was asked again', () => vi.mocked(lookup).mock.calls.length > asked + 2)
  expect(await ask(one.url)).toBe('3')
})

test('Host and messages have the name', async () => {
  const [first] = await servers(1)
  answers(['127.0.0.1'])
  const named = await gateway({ upstream: `http://app.test:${first!.port}`, hostHeader: 'upstream', resolve: 0 })
  first!.server.removeAllListeners('request')
  first!.server.on('request', (request, response) => response.end(request.headers.host))
  expect(await ask(named.url)).toBe(`app.test:${first!.port}`)
  first!.close()
  await ask(named.url)
  await ask(named.url)
  expect(named.log.text).toContain(`cannot connect to http://app.test:${first!.port} (127.0.0.1:${first!.port})`)
})

test('a name without an address is 503 until it has one', async () => {
  const [first] = await servers(1)
  answers(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
  const one = await gateway({ upstream: `http://late.test:${first!.port}`, resolve: 0.03 })
  const response = await fetch(one.url)
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('NO_UPSTREAM')])
  expect(one.log.text).toMatch(/the name late\.test has no address yet \(ENOTFOUND\).* code=UPSTREAM_NAME/)
  answers(['127.0.0.1'])
  await until('it answers', async () => (await fetch(one.url)).status === 200)
})
