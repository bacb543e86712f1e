// A stop while connections wait to be accepted: the kernel has told their clients that they are there, so they are answered.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../harness.ts'
import { connectTo, readAll } from '../listen/peer.ts'
import { commandFolder } from './command-folder.ts'

const folder = commandFolder()
const WAITING = 100

// Keeps the process from accepting anything until the file NAME.go is there, and says when it does so.
folder.write(
  'block.ts',
  `import { existsSync, writeFileSync } from 'node:fs'
export const app = (environ: any, startResponse: any) => {
  const name = environ.QUERY_STRING
  if (name) {
    writeFileSync(name + '.blocked', '')
    const here = new Int32Array(new SharedArrayBuffer(4))
    while (!existsSync(name + '.go')) Atomics.wait(here, 0, 0, 5)
  }
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['here']
}`,
)

async function ask(address: string, path: string): Promise<{ answer: Promise<string> }> {
  const socket = await connectTo(address)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
  return { answer: readAll(socket) }
}

test.each(['tcp', 'unix'])('%s: connections that wait to be accepted are answered', async (kind) => {
  const one = folder.run(['serve', 'app:./block.ts', '--listen', kind === 'tcp' ? '127.0.0.1:0' : 'unix:s.sock'])
  await one.said(/mounted/)
  const address = kind === 'tcp' ? `127.0.0.1:${await one.port()}` : `unix:${join(folder.path, 's.sock')}`
  const first = await ask(address, `/?${kind}`)
  await until('it is busy', () => existsSync(join(folder.path, `${kind}.blocked`)))
  const others = await Promise.all(Array.from({ length: WAITING }, () => ask(address, '/')))
  one.signal('SIGTERM')
  folder.write(`${kind}.go`, '')
  const answers = await Promise.all([first, ...others].map(({ answer }) => answer))
  expect(answers.filter((answer) => !answer.endsWith('here'))).toEqual([])
  expect((await one.ended).code).toBe(0)
  expect(existsSync(join(folder.path, 's.sock'))).toBe(false)
})
