// Which exports of a `node` mount take upgrades.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { node } from '../../sidecar/mounts/node.ts'
import { startGateway, type TestGateway } from '../harness.ts'

const gateways: TestGateway[] = []
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.gateway.close()))
})

async function serve(target: string): Promise<string> {
  const mounts = [{ key: '/', kind: node, settings: { node: target } }]
  const gateway = await startGateway({ listen: ['127.0.0.1:0'], mounts, directory: import.meta.dirname })
  gateways.push(gateway)
  return gateway.addresses[0]!
}

async function echoes(address: string, path = '/'): Promise<boolean> {
  const socket = new WebSocket(`ws://${address}${path}`)
  socket.on('error', () => {})
  const outcome = await Promise.race([once(socket, 'open'), once(socket, 'unexpected-response')])
  if (outcome.length > 0) {
    ;(outcome[1] as IncomingMessage).resume()
    return false
  }
  socket.send('hello')
  const [text] = (await once(socket, 'message')) as [Buffer]
  socket.terminate()
  return String(text) === 'hello'
}

test.each([
  ['./apps/fastify.ts', '/', true],
  ['./apps/server.ts', '/', true],
  ['./apps/attached.ts', '/chat', true],
  ['./apps/attached.ts', '/', false],
  ['./apps/beside.ts', '/', true],
  ['./apps/choosy.ts#choosy', '/yes', true],
  ['./apps/choosy.ts#choosy', '/no', false],
  ['./apps/choosy.ts#deaf', '/', false],
  // What stands beside a named export belongs to another one.
  ['./apps/beside.ts#default', '/', false],
  ['./apps/choosy.ts#handler', '/', false],
])('%s, %s: %s', async (target, path, taken) => {
  expect(await echoes(await serve(target), path)).toBe(taken)
})

test('an export upgrade that is no function stops the start', async () => {
  await expect(serve('./apps/choosy.ts')).rejects.toMatchObject({
    code: 'NODE_HANDLER',
    message: expect.stringContaining('as upgrade, not a function (req, socket, head)'),
  })
})
