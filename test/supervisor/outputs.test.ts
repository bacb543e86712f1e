// The outputs that a supervisor shares with its gateways: whoever reads them slowly, or not at all, holds up no request.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { MAIN } from '../built.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { freePort, until } from '../harness.ts'

const folder = commandFolder()
/** Together more than a pipe and its reader hold. */
const REQUESTS = 250
const LONG = 'x'.repeat(6000)

test('after a reload, too, nobody waits for the reader of the log', async () => {
  const port = await freePort()
  const words = [MAIN, 'serve', '--supervise', 'respond:204', '-l', `127.0.0.1:${port}`]
  const one = spawn(process.execPath, words, { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  one.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await until('it serves', () => /mounted/.test(said))
  one.kill('SIGHUP')
  await until('it has reloaded', () => /gateway 1 is over/.test(said))
  for (let count = 0; count < REQUESTS; count++) {
    const { status } = await fetch(`http://127.0.0.1:${port}/${LONG}`, { signal: AbortSignal.timeout(10_000) })
    expect(status).toBe(204)
  }
  one.kill('SIGTERM')
  one.stdout.resume()
  expect(await once(one, 'exit')).toEqual([0, null])
})
