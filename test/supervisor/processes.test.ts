// Several gateway processes of one generation, on the same sockets.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'
import { bodyOf, talk } from '../listen/peer.ts'

const folder = commandFolder()
const APP = (version: string): string =>
  `export default (request, response) => response.end('${version} ' + process.pid)`
const PYTHON = `import os
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(environ['wsgi.multiprocess']).encode()]
`

function config(processes: number): void {
  const mounts = { '/': { node: './app.mjs' }, '/python': { python: 'shop:application', processes: 3 } }
  const settings = { listen: ['127.0.0.1:0', 'unix:s.sock'], mounts, processes, log: { access: false } }
  folder.write('sidegate.json', JSON.stringify(settings))
  folder.write('shop.py', PYTHON)
}

const childrenOf = (pid: number): number[] => {
  const found = execFileSync('sh', ['-c', 'ps -o pid=,comm= --ppid "$1" || :', 'sh', String(pid)], { encoding: 'utf8' })
  return found.split('\n').flatMap((line) => (/^\s*\d+ (?!sh$|ps$)\S/.test(line) ? [Number.parseInt(line, 10)] : []))
}
const get = async (port: number, path = '/'): Promise<string> =>
  bodyOf(await talk(`127.0.0.1:${port}`, `GET ${path} HTTP/1.0\r\n\r\n`))

/** Who answers, over many connections at a time. */
async function answers(port: number): Promise<Set<string>> {
  return new Set(await Promise.all(Array.from({ length: 24 }, () => get(port))))
}

async function serve(): Promise<{ one: Sidegate; port: number }> {
  const one = folder.run(['serve', '--supervise', '-c', 'sidegate.json'])
  const port = await one.port()
  await until('all of them', () => childrenOf(one.pid).length === 2)
  return { one, port }
}

test('two gateways share what comes and the workers of a mount; one that dies is replaced while the other serves', async () => {
  folder.write('app.mjs', APP('first'))
  config(2)
  const { one, port } = await serve()
  const seen = new Set<string>()
  await until('both answer', async () => {
    for (const answer of await answers(port)) seen.add(answer)
    return seen.size === 2
  })
  const pids = [...seen].map((answer) => Number(answer.split(' ')[1]))
  expect(pids.toSorted()).toEqual(childrenOf(one.pid).toSorted())
  expect(pids.flatMap(childrenOf)).toHaveLength(3)
  expect(await get(port, '/python')).toBe('True')

  process.kill(pids[0]!, 'SIGKILL')
  await one.said(/a process of gateway 1 ended \(SIGKILL\); another one is started.*GATEWAY_DIED/)
  expect((await answers(port)).size).toBeGreaterThan(0)
  await until('another one', () => {
    const now = childrenOf(one.pid)
    return now.length === 2 && !now.includes(pids[0]!)
  })

  folder.write('app.mjs', APP('second'))
  one.signal('SIGHUP')
  await one.said(/gateway 1 is over/)
  expect([...(await answers(port))].every((answer) => answer.startsWith('second '))).toBe(true)
  expect(childrenOf(one.pid)).toHaveLength(2)

  folder.write('app.mjs', 'throw new Error()')
  one.signal('SIGHUP')
  await one.said(/gateway 3 did not come up \(exit code 1\): gateway 2 serves on/)
  expect([...(await answers(port))].every((answer) => answer.startsWith('second '))).toBe(true)

  folder.write('app.mjs', APP('third'))
  config(1)
  one.signal('SIGHUP')
  await one.said(/gateway 2 is over/)
  expect((await answers(port)).size).toBe(1)
  expect((await one.stop()).code).toBe(0)
})

test('one that does not come up beside the first gives up all of them', async () => {
  folder.write(
    'app.mjs',
    `import { existsSync, writeFileSync } from 'node:fs'
if (existsSync('first')) throw new Error('only once')
writeFileSync('first', '')
export default (request, response) => response.end()`,
  )
  config(2)
  const { code, err } = await folder.run(['serve', '--supervise', '-c', 'sidegate.json']).ended
  expect(code).toBe(1)
  expect(err).toContain('only once')
})

test('without a supervisor there is one', async () => {
  folder.write('app.mjs', APP('app'))
  config(2)
  const { code, err } = await folder.run(['serve', '-c', 'sidegate.json']).ended
  expect(code).toBe(1)
  expect(err).toMatch(/processes: 2 gateways .* take a supervisor.*\[PROCESSES_ALONE\]/)
})
