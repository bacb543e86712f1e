// What a reload makes of addresses: those that the configuration has no more, has with other settings, or has for a gateway that fails.
import { chmodSync, existsSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../harness.ts'
import { connectTo, readAll } from '../listen/peer.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()
const { write } = folder
const MOUNTED = { mounts: { '/': { respond: 204 } }, log: { access: false } }

function config(listen: readonly unknown[]): void {
  write('sidegate.json', JSON.stringify({ listen, ...MOUNTED }))
}

async function serve(listen: readonly unknown[]): Promise<Sidegate> {
  config(listen)
  const one = folder.run(['serve', '--supervise', '-c', 'sidegate.json'])
  await one.said(/mounted {4}\//)
  return one
}

/** SIGHUP, until the gateway of that number serves and the one before has ended. */
async function reload(one: Sidegate, generation: number): Promise<void> {
  one.signal('SIGHUP')
  await one.said(new RegExp(`gateway ${generation} serves`))
  await one.said(/gateway \d+ is over(?![^]*finishes what it has)/)
}

const path = (name: string): string => join(folder.path, name)
const mode = (name: string): number => statSync(path(name)).mode & 0o777

/** The status of an answer; an error where nobody listens. */
async function ask(address: string): Promise<string | undefined> {
  const socket = await connectTo(address)
  socket.write('GET / HTTP/1.0\r\n\r\n')
  return /^HTTP\/1\.1 (\d+)/.exec(await readAll(socket))?.[1]
}

test('an address that is in the configuration no more refuses, and can come back', async () => {
  const [kept, other] = [await freePort(), await freePort()]
  const one = await serve([`127.0.0.1:${kept}`, `127.0.0.1:${other}`])
  config([`127.0.0.1:${kept}`])
  await reload(one, 2)
  await expect(ask(`127.0.0.1:${other}`)).rejects.toThrow(/ECONNREFUSED/)
  config([`127.0.0.1:${kept}`, `127.0.0.1:${other}`])
  await reload(one, 3)
  expect(await ask(`127.0.0.1:${other}`)).toBe('204')
  config([`0.0.0.0:${other}`])
  one.signal('SIGHUP')
  await one.said(/ADDRESS_IN_USE/)
})

test('what is spoken at an address may change, and how it is written', async () => {
  const port = await freePort()
  const one = await serve([`uwsgi://127.0.0.1:${port}`, 'uwsgi://unix:s.sock'])
  const uwsgi = await connectTo(`127.0.0.1:${port}`)
  config([`http://127.0.0.1:${port}`, `unix:${path('s.sock')}`])
  await reload(one, 2)
  expect(await ask(`127.0.0.1:${port}`)).toBe('204')
  expect(await ask(`unix:${path('s.sock')}`)).toBe('204')
  uwsgi.destroy()
  await one.stop()
  expect(existsSync(path('s.sock'))).toBe(false)
})

test('a kept connection ends where what it speaks is not taken any more', async () => {
  const port = await freePort()
  const one = await serve([`127.0.0.1:${port}`])
  const kept = await connectTo(`127.0.0.1:${port}`)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await once(kept, 'data')
  config([`uwsgi://127.0.0.1:${port}`])
  await reload(one, 2)
  expect(await readAll(kept)).toBe('')
})

test('who may connect is what the configuration says now, for connections that are kept too', async () => {
  const port = await freePort()
  const allowing = (...allow: string[]): unknown[] => [{ address: `127.0.0.1:${port}`, allow }]
  const one = await serve(allowing('127.0.0.1'))
  const kept = await connectTo(`127.0.0.1:${port}`)
  kept.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await once(kept, 'data')
  config(allowing('10.0.0.0/8'))
  await reload(one, 2)
  expect(await readAll(kept)).toBe('')
  expect(await ask(`127.0.0.1:${port}`)).toBe(undefined)
  config(allowing('127.0.0.1'))
  await reload(one, 3)
  expect(await ask(`127.0.0.1:${port}`)).toBe('204')
})

test('a gateway that does not come up leaves no address behind', async () => {
  const [kept, other] = [await freePort(), await freePort()]
  const one = await serve([`127.0.0.1:${kept}`])
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  config([`127.0.0.1:${kept}`, `127.0.0.1:${other}`, 'unix:new.sock', `127.0.0.1:${port}`])
  one.signal('SIGHUP')
  await one.said(/RELOAD_FAILED/)
  await expect(ask(`127.0.0.1:${other}`)).rejects.toThrow(/ECONNREFUSED/)
  expect(existsSync(path('new.sock'))).toBe(false)
  taken.close()
  await reload(one, 3)
  for (const address of [`127.0.0.1:${other}`, `127.0.0.1:${port}`, `unix:${path('new.sock')}`])
    expect(await ask(address)).toBe('204')
})

test('a gateway that does not come up takes no path from the one that serves', async () => {
  const one = await serve(['unix:kept.sock'])
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  config(['unix:kept.sock', `127.0.0.1:${(taken.address() as { port: number }).port}`])
  one.signal('SIGHUP')
  await one.said(/RELOAD_FAILED/)
  taken.close()
  expect(await ask(`unix:${path('kept.sock')}`)).toBe('204')
  await one.stop()
  expect(existsSync(path('kept.sock'))).toBe(false)
})

test('a Unix socket whose path was taken away is made anew, and what lies there is left alone', async () => {
  const one = await serve(['unix:s.sock'])
  rmSync(path('s.sock'))
  await reload(one, 2)
  expect(await ask(`unix:${path('s.sock')}`)).toBe('204')
  rmSync(path('s.sock'))
  write('s.sock', 'of somebody else')
  chmodSync(path('s.sock'), 0o604)
  one.signal('SIGHUP')
  await one.said(/s\.sock exists and is no socket.*\[ADDRESS_IN_USE\]/)
  await one.said(/gateway 3 did not come up/)
  expect(mode('s.sock')).toBe(0o604)
  await one.stop()
  expect(existsSync(path('s.sock'))).toBe(true)
})

test('mode and owner are what the configuration says now', async () => {
  const root = process.getuid!() === 0
  const one = await serve([{ address: 'unix:o.sock', mode: '0600', ...(root ? { owner: '65534:65534' } : {}) }])
  expect(mode('o.sock')).toBe(0o600)
  config([{ address: 'unix:o.sock', mode: '0666' }])
  await reload(one, 2)
  expect(mode('o.sock')).toBe(0o666)
  const { uid, gid } = statSync(path('o.sock'))
  expect([uid, gid]).toEqual([process.getuid!(), process.getgid!()])
})
