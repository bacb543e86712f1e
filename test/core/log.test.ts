// Lines of the log: whatever stands in a field or a message, a record stays one, and nothing steers the terminal.
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatProblem } from '../../sidecar/problem.ts'
import { Log, type AccessRecord, type LogFormat } from '../../sidecar/log.ts'

function logTo(format: LogFormat): { log: Log; text: () => string } {
  let text = ''
  const sink = { write: (piece: string) => (text += piece) }
  return { log: new Log(format, sink, sink), text: () => text }
}

/** What no line may have: C0 (but its own end), DEL, C1, Unicode's line ends, what turns the order of letters round. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

const RECORD: AccessRecord = {
  time: new Date('2026-01-02T03:04:05.678Z'),
  request: 'r-1',
  protocol: 'uwsgi',
  remote: '192.0.2.7',
  method: 'GET',
  host: 'example.com',
  uri: '/',
  status: 200,
  received: 0,
  sent: 2,
  milliseconds: 1.5,
  mount: '/',
}
const FORGED = '2026-01-02T03:04:05Z 192.0.2.1 http admin "GET /forged" 200 0 0.0ms / r-2'
const LINE_ENDS = ['\n', '\r', '\r\n', '\v', '\f', '\x85', '\u2028', '\u2029']
const STEERING = ['\x00', '\x1b]0;title\x07', '\x7f', '\x9b31m', '\u202etxt.exe']
const HOSTILE = [...LINE_ENDS.map((end) => `x${end}${FORGED}`), ...STEERING, '" 200 0 "', '\\', 'a b', '=', '"', '']
const FIELDS = ['remote', 'method', 'host', 'uri', 'mount'] as const

test('a plain record reads as it always did', () => {
  const { log, text } = logTo('text')
  log.access({ ...RECORD, host: '[::1]:8000', code: 'APP_RAISED' })
  log.flush()
  expect(text()).toBe('2026-01-02T03:04:05Z 192.0.2.7 uwsgi [::1]:8000 "GET /" 200 2 1.5ms / r-1 APP_RAISED\n')
})

test('the combined format is that of Apache and nginx', () => {
  const { log, text } = logTo('combined')
  const client = { user: 'ann', version: 'HTTP/1.1', referer: 'http://a.test/"x"', agent: 'curl/8\n' }
  log.access({ ...RECORD, ...client, uri: '/a?b' })
  log.access({ ...RECORD, user: 'a b', status: 304, sent: 0 })
  log.flush()
  expect(text()).toBe(
    '192.0.2.7 - ann [02/Jan/2026:03:04:05 +0000] "GET /a?b HTTP/1.1" 200 2 "http://a.test/\\"x\\"" "curl/8\\n"\n' +
      '192.0.2.7 - "a b" [02/Jan/2026:03:04:05 +0000] "GET /" 304 - "-" "-"\n',
  )
  log.error('a fault', { code: 'CODE' })
  expect(text()).toMatch(/Z error a fault code=CODE\n$/)
})

test('access records are written by themselves, those of a turn of the event loop at once', async () => {
  const pieces: string[] = []
  const log = new Log('text', { write: (piece: string) => pieces.push(piece) })
  for (const requests of [['r-1', 'r-2'], ['r-3']]) {
    for (const request of requests) log.access({ ...RECORD, request })
    await setImmediate()
  }
  expect(pieces.map((piece) => piece.match(/r-[0-9]/g))).toEqual([['r-1', 'r-2'], ['r-3']])
})

test('REMOTE_USER stands at the end of a record, and in JSON as user', () => {
  const { log, text } = logTo('text')
  log.access({ ...RECORD, user: 'ann lee' })
  log.flush()
  expect(text()).toMatch(/ \/ r-1 user="ann lee"\n$/)
  const json = logTo('json')
  json.log.access({ ...RECORD, user: 'ann' })
  json.log.flush()
  expect(JSON.parse(json.text())).toMatchObject({ user: 'ann' })
})

test.each(FIELDS)('access record: any text as %s stays one field of one line', (field) => {
  const fields = /^(?:"(?:[^"\\]|\\.)*"|[^" ]+)(?: (?:"(?:[^"\\]|\\.)*"|[^" ]+)){9}\n$/
  for (const value of HOSTILE) {
    const { log, text } = logTo('text')
    log.access({ ...RECORD, [field]: value })
    log.flush()
    expect(text()).not.toMatch(UNSAFE)
    expect(text()).toMatch(fields)
  }
})

test.each(HOSTILE)('error record: message, fields and detail are %j', (value) => {
  const { log, text } = logTo('text')
  log.error(`before ${value}`, { code: 'CODE', method: value, uri: value, peer: value, mount: value, detail: value })
  expect(text()).not.toMatch(UNSAFE)
  const [first, ...rest] = text().replace(/\n$/, '').split('\n')
  expect(first).toMatch(/^\S+ error before .* code=CODE /)
  for (const line of rest) expect(line).toMatch(/^ {4}/)
})

test('the lines of a message after its first, and those of its detail, are indented', () => {
  const { log, text } = logTo('text')
  log.error('first\nsecond\r\nthird', { code: 'CODE', detail: 'Traceback\n  File "a.py"\n' })
  expect(text().slice(25)).toBe('error first code=CODE\n    second\n    third\n    Traceback\n      File "a.py"\n')
})

test('letters of every language stay, in fields escaped', () => {
  const { log, text } = logTo('text')
  log.warn('schön 中文 👍', { uri: '/ö中' })
  expect(text().slice(25)).toBe('warn schön 中文 👍 uri="/\\xf6\\u4e2d"\n')
})

const any = fc.string({ unit: 'binary' })

/** One access record and one error record, of any texts. */
function anyRecords(format: LogFormat, one: string, two: string, three: string): string[] {
  const { log, text } = logTo(format)
  log.access({ ...RECORD, host: one, uri: two, remote: three })
  log.flush()
  log.error(one, { uri: two, detail: three })
  expect(text()).not.toMatch(UNSAFE)
  const records = text().split(/\n(?! {4})/)
  expect(records).toHaveLength(3)
  return records.slice(0, 2)
}

test('text: any texts make records of one line each', () => {
  fc.assert(
    fc.property(any, any, any, (one, two, three) => {
      expect(anyRecords('text', one, two, three)).toHaveLength(2)
    }),
  )
})

test('json: any texts make records of one line each, and come back as they were', () => {
  fc.assert(
    fc.property(any, any, any, (one, two, three) => {
      const records = anyRecords('json', one, two, three).map((line) => JSON.parse(line) as object)
      expect(records).toMatchObject([
        { host: one, uri: two, remote: three },
        { message: one, uri: two, detail: three },
      ])
    }),
  )
})

test('a problem of the configuration steers no terminal either', () => {
  const problem = { code: 'RUN_START_DIED', path: 'mounts./x', message: 'it ended\x1b[2J', detail: 'a\x1b[31m\rb\n' }
  expect(formatProblem(problem)).toBe('mounts./x: it ended\\x1b[2J [RUN_START_DIED]\n    a\\x1b[31m\n    b')
})
