// Signals that all processes of a service get at once, as from `systemctl kill` or `pkill`, and the end of all of them.
import { afterEach, expect, test } from 'vitest'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()
folder.write(
  'app.mjs',
  `import { existsSync, writeFileSync } from 'node:fs'
export default async (request, response) => {
  if (request.url === '/busy') {
    writeFileSync('busy', '')
    for (;;);
  }
  const name = request.url.slice(1)
  if (name) writeFileSync(name + '.begun', '')
  while (name && !existsSync(name)) await new Promise((resolve) => setTimeout(resolve, 5))
  response.end(process.pid + ' ' + process.ppid)
}`,
)

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const left: number[] = []
afterEach(() => {
  for (const pid of left.splice(0)) if (alive(pid)) process.kill(pid, 'SIGKILL')
})

const serve = (): Sidegate => folder.run(['serve', '--supervise', 'node:./app.mjs', '-l', '127.0.0.1:0'])

/** The gateway that has answered, and its supervisor. */
async function get(port: number, path = ''): Promise<[gateway: number, supervisor: number]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()
  const [gateway, supervisor] = text.split(' ').map(Number)
  left.push(gateway!, supervisor!)
  return [gateway!, supervisor!]
}

const begun = (name: string) => until(`${name} has begun`, () => existsSync(join(folder.path, `${name}.begun`)))

test('one SIGTERM to all of them is one signal: what is under way is answered', async () => {
  const one = serve()
  const port = await one.port()
  const [gateway] = await get(port)
  const slow = get(port, 'term')
  await begun('term')
  process.kill(gateway, 'SIGTERM')
  await one.said(/SIGTERM: no new requests/)
  one.signal('SIGTERM')
  folder.write('term', '')
  expect((await slow)[0]).toBe(gateway)
  expect((await one.ended).code).toBe(0)
})

test.for([['the supervisor first', true] as const, ['the gateways first', false] as const])(
  'so it is where another supervisor has taken over: %s',
  async ([, first]) => {
    const one = serve()
    const port = await one.port()
    one.signal('SIGUSR2')
    await one.said(/gateway 1 is over/)
    const [gateway, supervisor] = await get(port)
    expect(supervisor).not.toBe(one.pid)
    const name = `chain${first}`
    const slow = get(port, name)
    await begun(name)
    const all = [one.pid, supervisor, gateway]
    for (const pid of first ? all : all.toReversed()) process.kill(pid, 'SIGTERM')
    await one.said(/SIGTERM: no new requests/)
    folder.write(name, '')
    expect((await slow)[0]).toBe(gateway)
    expect((await one.ended).code).toBe(0)
    expect(one.err).not.toMatch(/STOPPED/)
  },
)

test('SIGHUP to all of them is a reload, and no end', async () => {
  const one = serve()
  const port = await one.port()
  const [gateway] = await get(port)
  process.kill(gateway, 'SIGHUP')
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  expect(one.err).not.toMatch(/no new requests/)
  expect((await get(port))[0]).not.toBe(gateway)
})

test('a gateway in which an app goes round in circles ends with the supervisor that has taken over', async () => {
  const one = serve()
  const port = await one.port()
  one.signal('SIGUSR2')
  await one.said(/gateway 1 is over/)
  const [gateway] = await get(port)
  const busy = fetch(`http://127.0.0.1:${port}/busy`).catch(() => 'cut')
  await until('it is busy', () => existsSync(join(folder.path, 'busy')))
  one.signal('SIGTERM')
  one.signal('SIGINT')
  await one.ended
  expect(await busy).toBe('cut')
  await until('it is gone', () => !alive(gateway))
})
