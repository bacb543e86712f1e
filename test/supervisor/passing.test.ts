// Connections on their way from one gateway to the next, when that one dies.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'
import { connectTo, readAll } from '../listen/peer.ts'

const folder = commandFolder()
const APP = `export const app = (environ, startResponse) => {
  startResponse('200 OK', [])
  return []
}`

test('connections that were to go to a gateway that dies are closed', async () => {
  folder.write('app.mjs', APP)
  const one = folder.run(['serve', '--supervise', 'app:./app.mjs', '-l', '127.0.0.1:0'])
  const port = await one.port()
  const kept = await Promise.all(Array.from({ length: 4 }, () => connectTo(`127.0.0.1:${port}`)))
  for (const socket of kept) {
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    await once(socket, 'data')
  }
  folder.write(
    'app.mjs',
    `process.on('message', ({ type }) => { if (type === 'connection') { process.stdout.write('it hangs'); for (;;); } })\n${APP}`,
  )
  one.signal('SIGHUP')
  await one.said(/it hangs/)
  const gateways = execFileSync('pgrep', ['-n', '-P', String(one.pid)], { encoding: 'utf8' })
  process.kill(Number(gateways), 'SIGKILL')
  expect(await Promise.all(kept.map(readAll))).toEqual(['', '', '', ''])
})
