// What the app writes comes out as log lines that name mount, process and, where it is known, the request.
import { expect, test } from 'vitest'
import { openMount } from './mount.ts'

test('wsgi.errors, print and file descriptors', async () => {
  const { start, ask, logged } = await openMount({ python: 'spec' })
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const { exchange, response } = start({ path: '/prints' })
  await response
  const known = { mount: '/', pid, request: exchange.id }
  const expected = [
    ['on stdout', { level: 'info', stream: 'stdout', ...known }],
    ['on stderr', { level: 'warn', stream: 'stderr', ...known }],
    ['on errors', { level: 'warn', stream: 'errors', detail: 'with more', ...known }],
    ['in pieces', { level: 'warn', stream: 'errors', ...known }],
    ['without an end', { level: 'warn', stream: 'errors', ...known }],
    ['on fd 1', { level: 'info', stream: 'stdout', mount: '/', pid }],
    ['on fd 2', { level: 'warn', stream: 'stderr', mount: '/', pid }],
    ['from a thread', { level: 'info', stream: 'stdout', mount: '/', pid }],
  ] as const
  for (const [message, fields] of expected) {
    const line = await logged((one) => one.message === message)
    expect(line).toMatchObject(fields)
  }
})
