// The short form of npm run chaos: some of what happens there, a few times.
import { expect, test } from 'vitest'
import { gatewayKilled, workerKilled } from './events/crashes.ts'
import { failingReload, reload } from './events/reloads.ts'
import { Random } from './random.ts'
import { run, type Result } from './run.ts'

test('what is done on purpose costs no request, and a crash those that it had', async () => {
  const seed = Date.now() % 1_000_000
  console.log(`seed ${seed}`)
  const results: Result[] = []
  const { problems } = await run([reload, failingReload, workerKilled, gatewayKilled], {
    random: new Random(seed),
    times: 1,
    requests: 150,
    clients: 2,
    rest: 0,
    done: (result) => results.push(result),
  })
  expect([...results.flatMap((result) => result.problems), ...problems]).toEqual([])
  for (const { tally } of results) expect(tally.right).toBeGreaterThan(0)
})
