// What is said and answered when the system gives no more file descriptors.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { connectTo } from '../listen/peer.ts'

const folder = commandFolder()
const { write } = folder

/** The process may open no more than it has open: the lowest number that is free is one too many. */
function leaveNone(pid: number): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let most = 0
  while (open.has(most)) most += 1
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`])
}

test.runIf(process.platform === 'linux')('a reload for which there is no process', async () => {
  write('app.mjs', "export const app = (environ, start) => (start('204 No Content', []), [])")
  const one = folder.run(['serve', '--supervise', 'app:./app.mjs', '-l', '127.0.0.1:0'])
  await one.port()
  leaveNone(one.pid)
  one.signal('SIGHUP')
  const [said] = await one.said(/.*RELOAD_FAILED/)
  expect(said).toMatch(/gateway 2 did not come up \(spawn .*EMFILE\): gateway 1 serves on/)
})

test.runIf(process.platform === 'linux')('a script for which there is no process', async () => {
  mkdirSync(join(folder.path, 'bin'), { recursive: true })
  write('bin/hello', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n")
  chmodSync(join(folder.path, 'bin/hello'), 0o755)
  const mounts = { '/': { respond: 204 }, '/bin': { cgi: 'bin' } }
  write('sidegate.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts }))
  const one = folder.run(['serve', '-c', 'sidegate.json'])
  const kept = await connectTo(`127.0.0.1:${await one.port()}`)
  const ask = async (path: string): Promise<string> => {
    kept.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
    return String((await once(kept, 'data'))[0])
  }
  expect(await ask('/')).toMatch(/^HTTP\/1\.1 204/)
  leaveNone(one.pid)
  expect(await ask('/bin/hello')).toMatch(/^HTTP\/1\.1 503/)
  expect(one.err).toMatch(/hello could not be started: .*EMFILE.*CGI_SPAWN/)
})

const PID = `import os

pid = b'pid %d' % os.getpid()

def application(environ, start_response):
    start_response('200 OK', [])
    return [pid]

async def asgi(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': pid})
`
test.runIf(process.platform === 'linux').each([
  ['python', { python: 'hello:application' }],
  ['asgi', { asgi: 'hello:asgi', lifespan: 'off' }],
  ['node', { node: './hello.mjs', processes: 1 }],
])('a worker for which there is no process, of %s', async (_, settings) => {
  write('hello.py', PID)
  write('hello.mjs', 'export default (request, response) => response.end(`pid ${process.pid}`)')
  write('sidegate.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts: { '/': settings } }))
  const one = folder.run(['serve', '-c', 'sidegate.json'])
  const kept = await connectTo(`127.0.0.1:${await one.port()}`)
  /** The process that answers. */
  const ask = async (): Promise<number> => {
    kept.write(`GET / HTTP/1.1\r\nHost: h\r\n\r\n`)
    return Number(/pid (\d+)/.exec(String((await once(kept, 'data'))[0]))?.[1])
  }
  const worker = await ask()
  leaveNone(one.pid)
  process.kill(worker, 'SIGKILL')
  await one.said(/could not be started: .*EMFILE.*; the next try is in .*WORKER_SPAWN/)
  execFileSync('prlimit', ['--pid', String(one.pid), '--nofile=1024:'])
  expect(await ask()).not.toBeOneOf([worker, NaN])
  expect(one.err).not.toContain('APP_STRAY')
})
