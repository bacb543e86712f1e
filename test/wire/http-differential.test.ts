// The HTTP codec against node:http: what ours accepts, the other reads alike, so that no two servers in a row find different requests.
// Ours may refuse more; where it reads more, that has a name (http-compare.ts).
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { difference, liberties, refusals } from './http-compare.ts'
import { NodeHttp, ours } from './http-readings.ts'
import { makeConnection, makeRequest } from './http-requests.ts'
import { bytewise, random, randomly, seed, whole } from './splits.ts'

const CONNECTIONS = 4000
const node = new NodeHttp()

beforeAll(() => node.listen())
afterAll(() => node.close())

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

describe(`node:http reads what ours accepts (SIDEGATE_SEED=${seed})`, () => {
  test('of connections with correct requests, everything', async () => {
    const next = random(seed)
    for (let count = 0; count < 300; count++) {
      const text = Array.from({ length: 3 }, () => makeRequest(next, 0)).join('')
      const mine = ours(latin1(text), randomly(next))
      const theirs = await node.read(latin1(text))
      expect({ text, found: difference(text, mine, theirs), refusal: mine.refusal }).toEqual({ text })
      expect(mine.requests.every(({ complete }) => complete)).toBe(true)
      expect(mine.closed || mine.requests.length === 3).toBe(true)
    }
  })

  test('of connections with mistakes, whatever ours accepts', async () => {
    const found: object[] = []
    let accepted = 0
    let refused = 0
    for (let index = 0; index < CONNECTIONS && found.length < 5; index++) {
      const own = (seed + index * 7919) % 0x7fffffff
      const next = random(own)
      const bytes = makeConnection(next)
      const mine = ours(bytes, randomly(next))
      const theirs = await node.read(bytes)
      const text = bytes.toString('latin1')
      const fault = difference(text, mine, theirs)
      if (fault !== undefined) found.push({ fault, text, mine, theirs })
      accepted += mine.requests.filter(({ complete }) => complete).length
      if (mine.refusal) refused++
    }
    expect(found).toEqual([])
    // Both have been there.
    expect(accepted).toBeGreaterThan(CONNECTIONS / 4)
    expect(refused).toBeGreaterThan(CONNECTIONS / 4)
  })
})

describe('where they differ', () => {
  test.each(liberties)('ours reads $name', async ({ sample, excuses }) => {
    const theirs = await node.read(latin1(sample))
    for (const cut of [whole, bytewise]) {
      const mine = ours(latin1(sample), cut)
      expect(mine.refusal).toBeUndefined()
      expect(mine.requests.every(({ complete }) => complete)).toBe(true)
      const read = theirs.requests.filter(({ complete }) => complete).length
      expect(excuses(theirs.refusal!, mine.requests[read]!, mine.requests[read - 1], sample)).toBe(true)
    }
  })

  test('a mistake behind a liberty, which ours alone comes to', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'
    const text = `${head}a ;a\r\nabcdefghij\r\n0\r\n \r\n`
    const mine = ours(latin1(text), whole)
    expect(mine.refusal).toMatch(/^HTTP_SYNTAX/)
    expect(difference(text, mine, await node.read(latin1(text)))).toBeUndefined()
  })

  test.each(refusals)('ours refuses %s', async (_, refusal, sample) => {
    const theirs = await node.read(latin1(sample))
    expect(theirs.requests[0]).toMatchObject({ complete: true })
    for (const cut of [whole, bytewise]) expect(ours(latin1(sample), cut).refusal).toMatch(refusal)
  })
})
