// The server that ships for Pythons that workers cannot have: what apps may do to it, and what it owes them.
import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { run } from '../../sidecar/mounts/run/mount.ts'
import type { RequestSpec } from '../conformance/case.ts'
import { open, type Live } from '../conformance/client.ts'
import { startGateway, type TestGateway } from '../harness.ts'
import { apps, missing, olderPrograms } from './programs.ts'

for (const program of olderPrograms) {
  const without = missing(program)
  const reason = without.length > 0 ? ` (not installed: ${without.join(', ')})` : ''
  describe.skipIf(without.length > 0 && process.env.CI !== 'true')(`${program.name}${reason}`, () => {
    let gateway: TestGateway
    beforeAll(async () => {
      const [python, server, , port] = program.settings.run as string[]
      const settings = { ...program.settings, stopTimeout: 5, run: [python, server, 'older:application', port] }
      gateway = await startGateway({
        listen: ['127.0.0.1:0'],
        directory: apps,
        mounts: [{ key: '/', kind: run, settings }],
      })
    })
    afterAll(() => gateway?.stop())
    const ask = (target: string, more: Partial<RequestSpec> = {}): Live =>
      open({ address: gateway.addresses[0]!, transport: 'http' }, { target, ...more })

    test.each(['/late', '/written'])('a response that fails in the middle is cut: %s', async (path) => {
      const { status, text, complete } = await ask(path).whole()
      expect([status, text, complete]).toEqual([200, 'first part, ', false])
      expect(gateway.log.text).toMatch(/ValueError: in the middle/)
    })

    test.each(['/raises', '/fails', '/header', '/status'])('what cannot be sent is 500: %s', async (path) => {
      const answer = await ask(path).whole()
      expect([answer.status, answer.all('x-injected')]).toEqual([500, []])
    })

    test.each([
      ['/pieces', 'piece 0, piece 1, piece 2, '],
      ['/empty', ''],
      ['/flags', '[true, false, false]'],
    ])('a whole response is whole: %s', async (path, text) => {
      const answer = await ask(path).whole()
      expect([answer.status, answer.complete, answer.text]).toEqual([200, true, text])
    })

    test.each([
      ['/read', 'one\ntwo|'],
      ['/more', 'one\ntwo'],
      ['/lines', 'one\n|two'],
      ['/iterated', 'one\n|two'],
      ['/other', 'well'],
    ])('a request body ends: %s', async (path, text) => {
      const answer = await ask(path, { method: 'POST', body: 'one\ntwo' }).whole()
      expect([answer.status, answer.text]).toEqual([200, text])
    })
  })
}
