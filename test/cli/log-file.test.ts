// The log file of serve, and the lifeline of a gateway that somebody else has started.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lifeline } from '../../sidecar/cli/lifeline.ts'
import { RotatingFile } from '../../sidecar/rotating-file.ts'
import { until } from '../harness.ts'
import { commandFolder } from './command-folder.ts'

const folder = commandFolder()
const file = (name: string): string => join(folder.path, name)

test('records and what apps print go there, and nothing to standard output', async () => {
  folder.write('prints.mjs', "console.log('printed'); export default (request, response) => response.end('x')")
  writeFileSync(
    file('sidegate.config.json'),
    JSON.stringify({
      listen: ['127.0.0.1:0'],
      log: { file: 'logs/all.log' },
      mounts: { '/': { node: './prints.mjs' } },
    }),
  )
  const one = folder.run(['serve'])
  const read = (): string => readFileSync(file('logs/all.log'), 'utf8')
  const [, port] = await until('it serves', () => {
    try {
      return /listening {2}127\.0\.0\.1:(\d+)/.exec(read())
    } catch {
      return undefined
    }
  })
  await (await fetch(`http://127.0.0.1:${port}/path`)).text()
  await until('the record', () => read().includes('"GET /path" 200'))
  expect(read()).toContain('printed\n')
  expect((await one.stop()).code).toBe(0)
  expect(one.out + one.err).toBe('')
})

test('a supervisor and its gateways write to the same file', async () => {
  const settings = {
    listen: ['127.0.0.1:0'],
    log: { file: 'logs/shared.log', format: 'json' },
    mounts: { '/': { respond: 204 } },
  }
  writeFileSync(file('shared.json'), JSON.stringify(settings))
  const one = folder.run(['serve', '--supervise', '-c', 'shared.json'])
  const lines = (): { message: string }[] => {
    const text = existsSync(file('logs/shared.log')) ? readFileSync(file('logs/shared.log'), 'utf8') : ''
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { message: string })
  }
  const has = (pattern: RegExp) => () => lines().some(({ message }) => pattern.test(message))
  await until('it serves', has(/^listening on/))
  one.signal('SIGHUP')
  await until('the next one', has(/^gateway 2 serves, gateway 1 finishes/))
  await until('the end of the first', has(/^gateway 1 is over/))
  expect((await one.stop()).code).toBe(0)
  expect(one.out + one.err).toBe('')
})

test('one that cannot be opened stops the start; one that fails later stops nothing', async () => {
  mkdirSync(file('taken'))
  const one = folder.run(['serve', 'respond:204', '--listen', '127.0.0.1:0', '--log-file', 'taken'])
  expect(await one.ended).toMatchObject({
    code: 1,
    err: expect.stringMatching(/taken cannot be written: .*\[LOG_FILE\]/),
  })
  const lost: string[] = []
  const full = new RotatingFile('/dev/full', ({ message }) => lost.push(message))
  for (let count = 0; count < 3; count++) full.write('line\n')
  expect(lost).toEqual([expect.stringContaining('ENOSPC')])
})

test('a long one gets another name; what two processes write to one is kept whole', () => {
  mkdirSync(file('rotated'))
  const bounds = { size: 1000, kept: 3 }
  const fail = (error: Error): never => {
    throw error
  }
  const two = [0, 1].map(() => new RotatingFile(file('rotated/x.log'), fail, bounds))
  for (let count = 0; count < 100; count++) two[count % 2]!.write(`${count} ${'-'.repeat(30)}\n`)
  const names = readdirSync(file('rotated')).toSorted()
  expect(names.length).toBeLessThanOrEqual(4)
  expect(names.filter((name) => /^x\.\d{8}T\d{6}-\d{3}Z-\d+\.log$/.test(name)).length).toBeGreaterThan(0)
  const lines = names.flatMap((name) =>
    readFileSync(file(`rotated/${name}`), 'utf8')
      .split('\n')
      .slice(0, -1),
  )
  for (const line of lines) expect(line).toMatch(/^\d+ -{30}$/)
  expect(lines.map((line) => Number(line.split(' ')[0]))).toContain(99)
})

test('a lifeline that nobody holds stops the gateway; who holds it hears when it serves', async () => {
  const line = await Lifeline.open(`unix:${file('line')}`, 200)
  const held = connect(file('line'))
  let said = ''
  held.on('data', (bytes) => (said += bytes))
  line.ready()
  await until('ready', () => said === 'ready\n')
  let over = false
  void line.letGo.then(() => (over = true))
  const later = connect(file('line')).on('data', () => held.destroy())
  await until('the other end', () => held.destroyed)
  expect(over).toBe(false)
  later.destroy()
  await line.letGo
  line.close()
  const one = folder.run(['serve', 'respond:204', '--listen', '127.0.0.1:0', '--lifeline', `unix:${file('no/where')}`])
  expect(await one.ended).toMatchObject({ code: 1, err: expect.stringContaining('[LIFELINE]') })
})
