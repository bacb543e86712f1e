// A stop that waits until nobody sends anything any more: readiness first, then the doors.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stopProcess, until } from '../harness.ts'
import { MAIN } from '../built.ts'
import { commandFolder } from './command-folder.ts'

const folder = commandFolder()
const config = (shutdownDelay: number): string => {
  const settings = { listen: ['127.0.0.1:0'], mounts: { '/': { respond: 204 } }, log: { access: false } }
  folder.write('sidegate.json', JSON.stringify({ ...settings, readiness: '/ready', shutdownDelay }))
  return 'sidegate.json'
}
const status = async (port: number, path: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).status

test.each([[[]], [['--supervise']]])('it says that it leaves, serves on, and ends %j', async (words) => {
  const one = folder.run(['serve', '-c', config(1), ...words])
  const port = await one.port()
  expect([await status(port, '/ready'), await status(port, '/')]).toEqual([200, 204])
  one.signal('SIGTERM')
  await until('it says so', async () => (await status(port, '/ready')) === 503)
  expect(await status(port, '/')).toBe(204)
  const { code, err } = await one.ended
  expect(code).toBe(0)
  expect(err).toMatch(/SIGTERM: serves on for 1 s, as not ready[^]*SIGTERM: no new requests[^]*stopped/)
})

test('a second signal does not wait', async () => {
  const one = folder.run(['serve', '-c', config(1000)])
  await one.port()
  one.signal('SIGTERM')
  await one.said(/serves on for 1000 s/)
  one.signal('SIGTERM')
  expect((await one.ended).code).toBe(3)
})

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'as process 1, as in a container, it obeys signals and leaves nobody behind',
  async () => {
    folder.write(
      'app.py',
      'def application(environ, start_response):\n    start_response("204 No Content", [])\n    return []\n',
    )
    const words = ['--supervise', 'python:app:application', '-l', '127.0.0.1:0', '--no-access-log']
    const child = spawn(
      'unshare',
      ['--pid', '--fork', '--kill-child=KILL', '--mount-proc', process.execPath, MAIN, 'serve', ...words],
      { cwd: folder.path, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    try {
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
      const port = await until('it serves', () =>
        /mounted[^]*listening {2}\S+?:(\d+)|listening {2}\S+?:(\d+)[^]*mounted/.exec(said)?.at(-1),
      )
      expect(await status(Number(port), '/')).toBe(204)
      // unshare waits for process 1, and passes no signals on.
      const inside = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'))
      process.kill(inside, 'SIGHUP')
      await until('the next gateway', () => said.includes('gateway 1 is over'))
      expect(await status(Number(port), '/')).toBe(204)
      process.kill(inside, 'SIGUSR2')
      await until(
        'the next supervisor',
        () => said.includes('process 1 stays for whoever has started it') && said.includes('gateway 2 is over'),
      )
      expect(await status(Number(port), '/')).toBe(204)
      process.kill(inside, 'SIGTERM')
      await until('its end', () => child.exitCode !== null)
      expect(child.exitCode).toBe(0)
      expect(said).toMatch(/SIGTERM: no new requests[^]*stopped/)
    } finally {
      await stopProcess(child, 'SIGKILL')
    }
  },
)
