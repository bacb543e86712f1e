// A server on a Unix socket whose queue of connections is full: the system refuses more at once, where over TCP it tries again by itself.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { upstream } from '../../sidecar/mounts/upstream/mount.ts'
import { stopProcess, temporaryFolder } from '../harness.ts'
import { openMount } from '../mount.ts'
import { open as openLive } from '../conformance/client.ts'
import { handshake, handshakeKey } from '../conformance/websocket.ts'
import { Cleanup, upstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
afterEach(() => cleanup.run())
afterAll(() => folder.remove())

// Lets one connection wait, accepts none until it is told to, and answers each with what it was asked for.
const SERVER = `
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(0)
print('listens', flush=True)
sys.stdin.readline()
while True:
    connection, _ = server.accept()
    asked = connection.recv(65536)
    if asked:
        connection.sendall(b'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n' + asked.split(b' ')[1])
    connection.close()
`

/** A server whose queue is full, and who has it accept. */
async function fullServer(name: string): Promise<{ path: string; accept: () => void }> {
  const path = `${folder.path}/${name}.sock`
  const child: ChildProcess = cleanup.add(
    spawn('python3', ['-c', SERVER, path], { stdio: ['pipe', 'pipe', 'inherit'] }),
    (one) => stopProcess(one),
  )
  await once(child.stdout!, 'data')
  const waiting: Socket[] = cleanup.add([] as Socket[], (sockets) => sockets.forEach((socket) => socket.destroy()))
  for (;;) {
    const socket = connect(path)
    const full = await once(socket, 'connect').then(
      () => false,
      () => true,
    )
    if (full) break
    waiting.push(socket)
  }
  const accept = (): void => {
    for (const socket of waiting) socket.destroy()
    child.stdin!.write('accept\n')
  }
  return { path, accept }
}

test('requests wait until there is room', async () => {
  const { path, accept } = await fullServer('room')
  const { mount, request } = await openMount(
    upstream as unknown as MountKind,
    { upstream: `http://unix:${path}`, keepAlive: 0 },
    pathToFileURL(`${folder.path}/`),
  )
  cleanup.add(mount, (one) => one.close())
  const asked = ['/a', '/b', '/c', '/d'].map((target) => request({ method: 'POST', body: 'x', path: target }))
  // Refused at once they would be answered by now.
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked.flatMap(({ errors }) => errors)).toEqual([])
  accept()
  const answers = await Promise.all(asked.map(({ response }) => response))
  expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual(
    ['/a', '/b', '/c', '/d'].map((target) => [200, target]),
  )
})

test('for connectTimeout, and no longer; so do WebSockets', async () => {
  const { path } = await fullServer('late')
  const gateway = cleanup.add(await upstreamGateway({ upstream: `http://unix:${path}`, connectTimeout: 0.1 }), (one) =>
    one.stop(),
  )
  for (const request of [{ target: '/' }, handshake({ target: '/', headers: [['Host', 'x']] }, handshakeKey())]) {
    const live = cleanup.add(openLive({ address: gateway.addresses[0]!, transport: 'http' }, request), (one) =>
      one.destroy(),
    )
    expect((await live.head()).status).toBe(504)
  }
  expect(gateway.log.text.match(/code=UPSTREAM_CONNECT/g)).toHaveLength(2)
})
