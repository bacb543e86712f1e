// A supervisor that ends while nobody reads what its gateway has sent it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, until } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'

const folder = commandFolder()

function children(pid: number): number[] {
  const words = ['-o', 'pid=', '--ppid', String(pid)]
  try {
    return execFileSync('ps', words, { encoding: 'utf8' }).trim().split(/\s+/).map(Number)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => (socket.destroy(), resolve(true))).on('error', () => resolve(false))
  })

test('a gateway whose socket the supervisor has not taken ends with it, too', async () => {
  // So late that the supervisor stands still by then.
  folder.write(
    'late.mjs',
    `import { existsSync } from 'node:fs'
while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20))
export const app = (environ, startResponse) => (startResponse('204 No Content', []), [])`,
  )
  const port = await freePort()
  const one = folder.run(['serve', '--supervise', 'app:./late.mjs', '--listen', `127.0.0.1:${port}`])
  const gateway = await until('the gateway', () => children(one.pid)[0])
  process.kill(one.pid, 'SIGSTOP')
  folder.write('go', '')
  await until('its socket', () => listens(port))
  process.kill(one.pid, 'SIGKILL')
  await until('its end', () => !isAlive(gateway))
  expect(await listens(port)).toBe(false)
})

test('a gateway whose app is busy without end while it is loaded is ended when its supervisor is killed', async () => {
  folder.write('busy.mjs', `import { writeFileSync } from 'node:fs'\nwriteFileSync('busy', '')\nfor (;;);`)
  const one = folder.run(['serve', '--supervise', 'app:./busy.mjs', '--listen', '127.0.0.1:0'])
  await until('the app is busy', () => existsSync(join(folder.path, 'busy')))
  const gateways = children(one.pid)
  process.kill(one.pid, 'SIGKILL')
  await until('its end', () => !gateways.some(isAlive))
  expect((await one.ended).err).toContain('an app keeps it busy, and it is killed')
})
