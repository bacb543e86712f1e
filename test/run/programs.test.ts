// Run mounts with the programs that people run: each is started, asked, killed, and started again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../sidecar/mounts/run/mount.ts'
import type { RequestSpec } from '../conformance/case.ts'
import type { Answer } from '../conformance/answer.ts'
import { open } from '../conformance/client.ts'
import { startGateway, until, type TestGateway } from '../harness.ts'
import { isAlive } from '../cgi/scripts.ts'
import { apps, missing, programs } from './programs.ts'

for (const program of programs) {
  const without = missing(program)
  const reason = without.length > 0 ? ` (not installed: ${without.join(', ')})` : ''
  describe.skipIf(without.length > 0 && process.env.CI !== 'true')(`${program.name}${reason}`, () => {
    let gateway: TestGateway
    beforeAll(async () => {
      gateway = await startGateway({
        listen: ['127.0.0.1:0'],
        directory: apps,
        mounts: [{ key: '/mounted', kind: run, settings: { stopTimeout: 5, ...program.settings } }],
      })
    })
    afterAll(() => gateway?.stop())
    const get = (
      target: string,
      more: Partial<RequestSpec> = {},
      transport: 'http' | 'uwsgi' = 'http',
    ): Promise<Answer> => open({ address: gateway.addresses[0]!, transport }, { target, ...more }).whole()

    test('sees the request as everywhere else', async () => {
      const answer = await get('/mounted/a%20b/c?x=1&y')
      expect([answer.status, answer.text]).toEqual([200, 'GET|/mounted|/a b/c|x=1&y|'])
    })

    test('gets bodies, from uwsgi too', async () => {
      const body = 'abc'.repeat(50_000)
      for (const transport of ['http', 'uwsgi'] as const) {
        const { text } = await get(
          '/mounted/x',
          { method: 'POST', body, headers: [['Content-Type', 'text/x']] },
          transport,
        )
        expect(text === `POST|/mounted|/x||${body}`).toBe(true)
      }
      const { text } = await get('/mounted/x', {
        method: 'POST',
        body,
        chunked: 40_000,
        headers: [['Content-Type', 'text/x']],
      })
      expect(text === `POST|/mounted|/x||${body}`).toBe(true)
    })

    test('many at once', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => get(`/mounted/${index}`)))
      expect(answers.map(({ text }) => text)).toEqual(answers.map((_, index) => `GET|/mounted|/${index}||`))
    })

    test('HEAD', async () => {
      const answer = await get('/mounted/x', { method: 'HEAD' })
      expect([answer.status, answer.extra]).toEqual([200, 0])
    })

    test('is started again when it dies, and requests wait for it', async () => {
      const own = lastPid(gateway)
      process.kill(own, 'SIGKILL')
      await until('the news of it', () => !isAlive(own) && gateway.log.text.includes('code=RUN_DIED'))
      expect((await get('/mounted/again')).text).toBe('GET|/mounted|/again||')
      expect(lastPid(gateway)).not.toBe(own)
      expect(gateway.log.text).toMatch(/was killed by SIGKILL .*code=RUN_DIED/)
    })
  })
}

/** The process that was the last to get ready. */
function lastPid({ log }: TestGateway): number {
  return Number([...log.text.matchAll(/accepts connections mount=\S+ pid=(\d+)/g)].at(-1)![1])
}
