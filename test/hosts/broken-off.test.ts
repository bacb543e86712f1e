// A response that breaks off, through the real web servers: who can tell it from a complete one, as docs/hosts say. With a Content-Length
// the conformance suite asks (raise-after-head).
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../sidecar/exchange.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { open } from '../conformance/client.ts'
import { startGateway, temporaryFolder } from '../harness.ts'
import { EXAMPLE_SOCKET, matrix, type Row } from './matrix.ts'
import { installed, startServer } from './servers.ts'

/** Begins, and breaks off. */
const broken: MountKind = {
  kind: 'broken',
  summary: '',
  settings: v.strictObject({}),
  create: () => ({
    open: async () => {},
    handle: (exchange: Exchange) => {
      exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain']] })
      exchange.write('begun\n')
      throw new Error('broken, on purpose')
    },
    close: async () => {},
  }),
}

/** The shipped configs reach Sidegate by its Unix socket; by TCP they do with this in its place. */
const byTcp: Readonly<Record<string, (config: string, host: string, port: string) => string>> = {
  nginx: (config, host, port) => config.replaceAll(`unix:${EXAMPLE_SOCKET}`, `${host}:${port}`),
  apache: (config, host, port) =>
    config.replaceAll(`unix:${EXAMPLE_SOCKET}|`, '').replaceAll(/:\/\/sidegate-\w+/g, `://${host}:${port}`),
  lighttpd: (config, host, port) =>
    config.replace(new RegExp(`"(?:socket|host)" => "${EXAMPLE_SOCKET}"`), `"host" => "${host}", "port" => ${port}`),
}

/** Whether the responses of two apps look complete; nginx collects those of the second. `known`: the web server that the listener is told of. */
async function through(row: Row, transport: 'unix' | 'tcp', known = row.host): Promise<boolean[]> {
  const folder = temporaryFolder()
  const socket = join(folder.path, 's')
  const address = transport === 'unix' ? `unix:${socket}` : '127.0.0.1:0'
  const gateway = await startGateway({
    listen: [{ address, host: known, trust: ['unix', '127.0.0.1'], mode: '0666' }],
    mounts: [{ key: '/', kind: broken, settings: {} }],
    directory: folder.path,
    host: known,
  })
  const [host, port] = gateway.addresses[0]!.split(':') as [string, string]
  const config = transport === 'unix' ? row.config() : byTcp[row.host]!(row.config(), host, port)
  const server = await startServer(
    row.host,
    transport === 'unix' ? { config, replace: { [EXAMPLE_SOCKET]: socket } } : { config },
  )
  const complete: boolean[] = []
  for (const target of ['/', '/shop/']) {
    const answer = await open({ address: server.address, transport: 'http' }, { target }).whole()
    expect(answer.status).toBe(200)
    // nginx throws away what it had collected.
    expect('begun\n'.startsWith(answer.text)).toBe(true)
    complete.push(answer.complete)
  }
  // They say that it broke off, each in its own way, or nothing.
  await server.stop([/./])
  await gateway.stop()
  folder.remove()
  return complete
}

const isUnmarked = ({ protocol }: Row): boolean => protocol === 'uwsgi' || protocol === 'scgi'

test.skipIf(!installed('haproxy'))('HAProxy by fastcgi has to be named', async () => {
  const row = matrix.find(({ host, protocol }) => host === 'haproxy' && protocol === 'fastcgi')!
  expect(await through(row, 'unix', 'nginx')).toEqual([true, true])
})

describe.each(matrix)('$host by $protocol', (row) => {
  // Caddy 2.6 ends its own response properly, whatever became of the one that it passes on.
  const looksComplete = isUnmarked(row) || row.host === 'caddy'

  test.skipIf(!installed(row.host))(`over a Unix socket ${looksComplete ? 'looks complete' : 'is cut'}`, async () => {
    expect(await through(row, 'unix')).toEqual([looksComplete, looksComplete])
  })
})

describe.each(matrix.filter(({ host }) => byTcp[host]))('$host by $protocol', (row) => {
  test.skipIf(!installed(row.host))('over TCP is cut', async () => {
    expect(await through(row, 'tcp')).toEqual([false, false])
  })
})
