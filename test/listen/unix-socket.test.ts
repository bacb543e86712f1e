// Unix sockets whose path several want: one stale socket and many starts, and stops that remove nobody else's.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync, utimesSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { accepts, until } from '../harness.ts'
import { Sidegate } from '../cli/sidegate.ts'
import { freshFolder, startGateway, text } from './gateway.ts'
import { bodyOf, talk, uwsgiRequest } from './peer.ts'

/** A socket as a process leaves it that was killed. */
async function stale(file: string): Promise<void> {
  const server = createServer().listen(`${file}.live`)
  await once(server, 'listening')
  // Closing removes the name that it was made under, and that alone.
  renameSync(`${file}.live`, file)
  server.close()
  await once(server, 'close')
}

const ask = async (file: string): Promise<string> => bodyOf(await talk(`unix:${file}`, uwsgiRequest('/')))

test('of many starts at the same time on a stale socket one gets it, and is reached', async () => {
  for (let round = 0; round < 20; round++) {
    const folder = freshFolder()
    const file = join(folder, 's.sock')
    await stale(file)
    const starts = Array.from({ length: 8 }, (_, index) => startGateway([`unix:${file}`], text(String(index))))
    const results = await Promise.allSettled(starts)
    const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [String(index)] : []))
    expect(winners).toHaveLength(1)
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    expect(reasons).toMatchObject(Array.from({ length: 7 }, () => ({ code: 'ADDRESS_IN_USE' })))
    expect(await ask(file)).toBe(winners[0])
    expect(readdirSync(folder)).toEqual(['s.sock'])
  }
})

test('of processes that start in a tight loop on a stale socket one gets it each time', async () => {
  const script = join(import.meta.dirname, 'racer.ts')
  const racers = Array.from({ length: 4 }, () => {
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return async (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`)
      return (await lines.next()).value as string
    }
  })
  const folder = freshFolder()
  const file = join(folder, 's.sock')
  for (let round = 0; round < 100; round++) {
    await stale(file)
    const said = await Promise.all(racers.map((tell) => tell(file)))
    expect(said.toSorted()).toEqual(['ADDRESS_IN_USE', 'ADDRESS_IN_USE', 'ADDRESS_IN_USE', 'bound'])
    expect(await accepts(`unix:${file}`)).toBe(true)
    await Promise.all(racers.map((tell) => tell('')))
    expect(readdirSync(folder)).toEqual([])
  }
})

test('a path without a folder is never taken for a number', async () => {
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(freshFolder())
  const first = await startGateway(['unix:1e3'], text('here'))
  await expect(startGateway(['unix:1e3'], text('late'))).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  expect(await ask(join(process.cwd(), '1e3'))).toBe('here')
  await first.gateway.drain()
  // Each start has a hidden name of its own, and one of forty would be a number.
  for (let round = 0; round < 300; round++) await (await startGateway(['unix:s'], text('here'))).gateway.drain()
})

test('of two real commands one serves, and the other says that the address is in use', async () => {
  const folder = freshFolder()
  await stale(join(folder, 's.sock'))
  const words = ['serve', '/=respond:204', '-l', 'unix:s.sock']
  const both = [new Sidegate(words, folder), new Sidegate(words, folder)]
  onTestFinished(async () => void (await Promise.all(both.map((one) => one.stop()))))
  await until('one has ended', () => both.some(({ err }) => err.includes('ADDRESS_IN_USE')))
  await until('one serves', () => both.some(({ err }) => err.includes('listening  unix:s.sock')))
  expect(await accepts(`unix:${join(folder, 's.sock')}`)).toBe(true)
})

test('stopping leaves the socket of another that has taken the path', async () => {
  const file = join(freshFolder(), 's.sock')
  const first = await startGateway([`unix:${file}`], text('first'))
  unlinkSync(file)
  await startGateway([`unix:${file}`], text('second'))
  await first.gateway.drain()
  expect(await ask(file)).toBe('second')
})

test('stopping leaves a file that has taken the path', async () => {
  const file = join(freshFolder(), 's.sock')
  const { gateway } = await startGateway([`unix:${file}`], text('x'))
  unlinkSync(file)
  writeFileSync(file, 'keep me')
  await gateway.close()
  expect(existsSync(file)).toBe(true)
})

test('a start after another lock holder was killed', async () => {
  const folder = freshFolder()
  const file = join(folder, 's.sock')
  await stale(file)
  writeFileSync(`${file}.lock`, '')
  const old = Date.now() / 1000 - 60
  utimesSync(`${file}.lock`, old, old)
  await startGateway([`unix:${file}`], text('there'))
  expect(await ask(file)).toBe('there')
  expect(readdirSync(folder)).toEqual(['s.sock'])
})

test.each([0o000, 0o077])(
  'a folder that is made has mode 0755, whatever the mask (%o), which is said',
  async (mask) => {
    const folder = freshFolder()
    const before = process.umask(mask)
    onTestFinished(() => void process.umask(before))
    const { errors } = await startGateway([`unix:${folder}/run/s.sock`], text('x'))
    expect(statSync(`${folder}/run`).mode & 0o777).toBe(0o755)
    expect(statSync(`${folder}/run/s.sock`).mode & 0o777).toBe(0o660)
    expect(errors).toMatchObject([
      { level: 'info', message: `the folder ${folder}/run was not there: it was made for the socket, with mode 0755` },
    ])
  },
)

test('of a path only the last folder is made: more are a mistake', async () => {
  const folder = freshFolder()
  await expect(startGateway([`unix:${folder}/no/such/s.sock`], text('x'))).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: `the folder ${folder}/no is not there; of the path of a socket only the last folder is made`,
  })
  expect(existsSync(`${folder}/no`)).toBe(false)
})

test('a path as long as a system allows works; a folder that leaves no room for a second name is refused', async () => {
  const folder = freshFolder()
  const long = join(folder, 'x'.repeat(106 - folder.length))
  await startGateway([`unix:${long}`], text('long'))
  expect(await ask(long)).toBe('long')
  const deep = join(folder, 'y'.repeat(104 - folder.length), 'z')
  await expect(startGateway([`unix:${deep}`], text('x'))).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: `the folder of ${deep} has a path longer than the 97 bytes that leave room for a name`,
  })
  rmSync(folder, { recursive: true })
})
