// Workers that cannot notice that their gateway is gone.
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { until } from '../harness.ts'

const folder = commandFolder()

/** Its state, as in ps(1); empty: there is none. */
function stateOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

test.runIf(process.platform === 'linux').each(['python', 'node'])(
  'a stopped worker of a %s mount does not outlive a gateway that is killed',
  async (kind) => {
    folder.write(
      'app.py',
      `import os
def application(environ, start_response):
    start_response('200 OK', [])
    return [str(os.getpid()).encode()]
`,
    )
    folder.write('app.mjs', 'export default (request, response) => response.end(String(process.pid))')
    const mount = kind === 'python' ? { python: './app.py' } : { node: './app.mjs', processes: 1 }
    folder.write('c.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts: { '/': mount } }))
    const one = folder.run(['serve', '-c', 'c.json'])
    const worker = Number(await (await fetch(`http://127.0.0.1:${await one.port()}/`)).text())
    process.kill(worker, 'SIGSTOP')
    await until('the worker stands still', () => stateOf(worker).startsWith('T'))
    process.kill(one.pid, 'SIGKILL')
    await until('its end', () => stateOf(worker) === '')
    expect(stateOf(worker)).toBe('')
  },
)
