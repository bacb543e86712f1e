import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshFolder, startGateway, text } from './gateway.ts'
import { bodyOf, talk, uwsgiRequest } from './peer.ts'

test('a Unix socket gets mode 0660, or the one that is set, and is removed at the end', async () => {
  const folder = freshFolder()
  const { gateway } = await startGateway(
    [`unix:${folder}/sub/a.sock`, { address: `unix:${folder}/b.sock`, mode: '0600', owner: '0:0' }],
    text('ok'),
  )
  expect((statSync(`${folder}/sub/a.sock`).mode & 0o777).toString(8)).toBe('660')
  expect((statSync(`${folder}/b.sock`).mode & 0o777).toString(8)).toBe('600')
  await gateway.close()
  expect(existsSync(`${folder}/b.sock`)).toBe(false)
})

test('a stale Unix socket is replaced', async () => {
  const file = join(freshFolder(), 's.sock')
  const { execFileSync } = await import('node:child_process')
  // A process that binds and dies without cleaning up.
  execFileSync('python3', ['-c', `import socket; s = socket.socket(socket.AF_UNIX); s.bind(${JSON.stringify(file)})`])
  expect(existsSync(file)).toBe(true)
  await startGateway([`unix:${file}`], text('fresh'))
  expect(bodyOf(await talk(`unix:${file}`, uwsgiRequest('/')))).toBe('fresh')
})

test('a live Unix socket is refused, and stays', async () => {
  const address = `unix:${join(freshFolder(), 's.sock')}`
  await startGateway([address], text('first'))
  await expect(startGateway([address], text('second'))).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
    path: 'listen.0.address',
    message: expect.stringMatching(/another process answers there/),
  })
  expect(bodyOf(await talk(address, uwsgiRequest('/')))).toBe('first')
})

test('a file that is no socket is never removed', async () => {
  const file = join(freshFolder(), 'precious.txt')
  writeFileSync(file, 'keep me')
  await expect(startGateway([`unix:${file}`], text('x'))).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
  expect(existsSync(file)).toBe(true)
})

test('a TCP port in use is one clear error, and the other listeners are closed again', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const free = join(freshFolder(), 's.sock')
  await expect(startGateway([`unix:${free}`, `127.0.0.1:${port}`], text('x'))).rejects.toThrow(
    `127.0.0.1:${port} is in use: another process listens there`,
  )
  expect(existsSync(free)).toBe(false)
  other.close()
})

test('an unknown owner is named', async () => {
  const address = `unix:${join(freshFolder(), 's.sock')}`
  await expect(startGateway([{ address, owner: 'nobody-of-that-name' }], text('x'))).rejects.toMatchObject({
    code: 'OWNER_UNKNOWN',
    path: 'listen.0.address.owner',
  })
})
