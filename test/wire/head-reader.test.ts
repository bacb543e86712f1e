// Response heads, in every spelling, however they are cut: compared with a reader that takes the whole text apart by regular expressions.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import { HeadReader } from '../../sidecar/wire/head-reader.ts'
import { random, seed } from './splits.ts'

const read = (...pieces: string[]) => {
  const reader = new HeadReader()
  for (const [index, piece] of pieces.entries()) {
    const head = reader.push(Buffer.from(piece, 'latin1'))
    if (!head) continue
    const rest = Buffer.from(reader.rest ?? []).toString('latin1') + pieces.slice(index + 1).join('')
    return { ...head, given: reader.statusGiven, rest }
  }
  return undefined
}

/** What `read` should give; an error's message when it should throw. */
function expected(text: string): unknown {
  const end = /\r?\n\r?\n/.exec(text)
  if (!end) return undefined
  const headers: [string, string][] = []
  let status: string | undefined
  for (const [index, line] of text.slice(0, end.index).split(/\r?\n/).entries()) {
    const statusLine = index === 0 && line.startsWith('HTTP/')
    const [, name = '', blanks = ''] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/s.exec(line) ?? []
    if (!statusLine && name === '') return `bad header line ${JSON.stringify(line.slice(0, 80))}`
    const value = statusLine ? line : blanks.replace(/^[\t ]+|[\t ]+$/g, '')
    if (!statusLine && /[^\t\x20-\x7e\x80-\xff]/.test(value)) return `header ${name} holds a control character`
    if (statusLine || (name.toLowerCase() === 'status' && status === undefined)) {
      const form = /^(?:HTTP\/\d\.\d )?([1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?)$/
      status = form.exec(value)?.[1]
      if (status === undefined || statusLine !== value.startsWith('HTTP/'))
        return `bad ${statusLine ? 'status line' : 'Status field'} ${JSON.stringify(value.slice(0, 80))}`
    } else headers.push([name, value])
  }
  const redirect = headers.some(([name]) => name.toLowerCase() === 'location')
  const all = status ?? (redirect ? '302 Found' : '200 OK')
  const lengths = headers.filter(([name]) => name.toLowerCase() === 'content-length').map(([, value]) => value)
  const numbers = lengths.map((value) => (/^\d{1,15}$/.test(value) ? Number(value) : -1))
  const hop = headers.some(([name]) => /^(connection|keep-alive|te|upgrade)$/i.test(name))
  return {
    status: Number(all.slice(0, 3)),
    reason: all.slice(4),
    headers,
    contentLength: numbers.find((number) => number >= 0) ?? -1,
    correct: !hop && numbers.length < 2 && !numbers.includes(-1),
    given: status !== undefined,
    rest: text.slice(end.index + end[0].length),
  }
}

function outcome(...pieces: string[]): unknown {
  try {
    return read(...pieces)
  } catch (error) {
    if (error instanceof PeerError && error.code === 'RESPONSE_HEAD') return error.message
    throw error
  }
}

describe('a response head', () => {
  test.for([
    ['Status: 404 Not Found\r\nA: b\r\n\r\nbody'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'],
    ['HTTP/1.0 204\n\n'],
    ['Location: /x\nContent-Type: text/plain\n\n'],
    ['A: b\n\r\nrest'],
    ['A: b\r\n\nrest'],
    ['Content-Length: 3\r\nContent-Length: 3\r\n\r\n'],
    ['Content-Length: 3\r\nContent-Length: 4\r\n\r\n'],
    ['Content-Length: +3\r\n\r\n'],
    ['Content-Length: 0000000000000003\r\n\r\n'],
    ['Connection: close\r\nContent-Length: 3\r\n\r\n'],
    ['Status: 200 OK\r\nStatus: 500 Oh\r\n\r\n'],
    ['status:200\r\n\r\n'],
    ['A:\t b \t\r\nB:\r\n\r\n'],
    ['__proto__: 1\r\n7: 2\r\n\r\n'],
    [`Long: ${'x'.repeat(5000)}\r\nA: b\r\n\r\nrest`],
    ['\r\n\r\n'],
    ['\n\n'],
    ['\nA: b\n\n'],
    ['no colon\r\n\r\n'],
    [': no name\r\n\r\n'],
    ['a b: c\r\n\r\n'],
    ['A: b\rc\r\n\r\n'],
    ['A: \0\r\n\r\n'],
    ['Status: OK\r\n\r\n'],
    ['Status: 2000\r\n\r\n'],
    ['HTTP/1.1 OK\r\n\r\n'],
    ['HTTP/1.1\r\nA: b\r\n\r\n'],
    ['A: b\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['A: b\r\nAB: c\r\nA : d\r\n\r\n'],
  ])('%j', ([text]) => {
    expect(outcome(text!)).toEqual(expected(text!))
    expect(outcome(...text!)).toEqual(expected(text!))
  })

  test('that never ends is refused', () => {
    const reader = new HeadReader()
    const push = (): void => {
      for (let count = 0; count < 300; count++) reader.push(Buffer.from(`A: ${'x'.repeat(1000)}\r\n`))
    }
    expect(push).toThrow('the response head is longer than 262144 bytes')
  })

  test(`of parts put together at random (SIDEGATE_SEED=${seed})`, () => {
    const parts = [
      'Status',
      'Content-Length',
      'Location',
      'Connection',
      'A',
      'X-Some-Name',
      ': ',
      ':',
      ' ',
      '\t',
      '200 OK',
      '7',
      '12',
    ]
    const ends = ['\r\n', '\r\n', '\r\n', '\n', '\r', '\0', 'x', 'é', 'HTTP/1.1 ', '\r\n\r\n']
    const next = random(seed)
    const choose = (below: number): number => Math.floor(next() * below)
    const one = (list: readonly string[]): string => list[choose(list.length)]!
    let heads = 0
    for (let count = 0; count < 20_000; count++) {
      let text = ''
      // Lines that are right, most of them.
      for (let lines = choose(6); lines > 0; lines--) {
        text +=
          choose(8) > 0
            ? `${one(parts.slice(0, 6))}: ${one(parts.slice(9))}${one(ends.slice(0, 4))}`
            : one(parts) + one(ends)
      }
      text += choose(8) > 0 ? '\r\nrest' : one(ends)
      const cut = choose(text.length + 1)
      const wanted = expected(text)
      expect([text, outcome(text)]).toEqual([text, wanted])
      expect([text, outcome(text.slice(0, cut), text.slice(cut))]).toEqual([text, wanted])
      if (typeof wanted === 'object') heads++
    }
    expect(heads).toBeGreaterThan(2000)
  })
})
