// The lifespan from start to end: the suite starts the server itself.
import { deepEqual, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import type { Lifespan, Started } from '../../start.ts'
import { asgiCase, NO_WEBSOCKETS, stillServes } from './asked.ts'

const LIFESPAN = 'ASGI lifespan'

function lifespanCase(name: string, spec: string, mode: Lifespan, check: NonNullable<Case['started']>['check']): Case {
  return asgiCase({
    name: `lifespan-${name}`,
    spec: `${LIFESPAN} ${spec}`,
    app: 'hello',
    started: { lifespan: mode, check },
  })
}

async function served(server: Started): Promise<void> {
  ok(await server.ready(), `the server has ended:\n${server.output()}`)
}

/** The server goes on without a lifespan: it serves, and the app gets no shutdown. */
const unsupported: NonNullable<Case['started']>['check'] = async (server, run) => {
  await served(server)
  await stillServes(run)
  server.terminate()
  await server.exited()
  ok(!server.record().includes('lifespan.shutdown'))
}

export const lifespan: readonly Case[] = [
  lifespanCase(
    'startup-waited-for',
    '"Startup Complete": a server waits for it before it takes requests',
    'slow',
    async (server, run) => {
      await served(server)
      await stillServes(run)
      deepEqual(server.record().slice(0, 3), ['lifespan.startup', 'startup complete', 'first request'])
    },
  ),
  lifespanCase(
    'startup-failed',
    '"Startup Failed": the message is printed, and the server ends',
    'failed',
    async (server) => {
      await server.exited()
      ok(server.output().includes('lifespan-failed, on purpose'), `the message is not in:\n${server.output()}`)
    },
  ),
  lifespanCase('unsupported', '"Scope": an exception means that the app has no lifespan', 'raises', unsupported),
  lifespanCase('unsupported-late', '"Scope": the exception may come when it has received', 'raises-late', unsupported),
  lifespanCase('returns', 'an app that returns at once has no lifespan', 'returns', unsupported),
  lifespanCase(
    'shutdown',
    '"Shutdown Complete": a server waits for it before it ends',
    'plain',
    async (server, run) => {
      await served(server)
      await stillServes(run)
      server.terminate()
      await server.exited()
      deepEqual(server.record().slice(-2), ['lifespan.shutdown', 'shutdown complete'])
    },
  ),
  lifespanCase(
    'shutdown-failed',
    '"Shutdown Failed": the message is printed, and the server ends',
    'shutdown-failed',
    async (server, run) => {
      await served(server)
      await stillServes(run)
      server.terminate()
      await server.exited()
      ok(server.output().includes('shutdown-failed, on purpose'), `the message is not in:\n${server.output()}`)
    },
  ),
  lifespanCase(
    'shutdown-after-requests',
    '"Shutdown": when all connections are closed',
    'plain',
    async (server, run) => {
      await served(server)
      const live = await run.open('slow-end', { target: '/' })
      await live.until(({ text }) => text === 'first\n')
      server.terminate()
      const { text, complete } = await live.whole()
      await server.exited()
      deepEqual([text, complete], ['first\nended\n', true])
      deepEqual(server.record().slice(-3), ['request ended', 'lifespan.shutdown', 'shutdown complete'])
    },
  ),
  {
    ...lifespanCase(
      'shutdown-after-websockets',
      '"Shutdown": open WebSockets are disconnected first',
      'plain',
      async (server, run) => {
        await served(server)
        const socket = await run.connect('open-end', { target: '/' })
        await socket.accepted()
        await run.until('the app has accepted', () => server.record().includes('websocket begun'))
        server.terminate()
        const { code } = await socket.closed()
        await server.exited()
        // Going away, or Service Restart.
        ok(code === 1001 || code === 1012, `it was closed with ${code}`)
        const lines = server.record().slice(-3)
        deepEqual(
          [lines[0]!.startsWith('websocket.disconnect '), ...lines.slice(1)],
          [true, 'lifespan.shutdown', 'shutdown complete'],
        )
      },
    ),
    notOver: NO_WEBSOCKETS,
  },
]
