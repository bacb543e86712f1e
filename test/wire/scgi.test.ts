// SCGI, rule by rule: the netstring, the body behind it, and the response.
import { describe, expect, test } from 'vitest'
import { scgi } from '../../sidecar/wire/scgi.ts'
import { netstring } from './build.ts'
import { Conversation, OK } from './converse.ts'
import { bytewise, whole } from './splits.ts'

const GET = { CONTENT_LENGTH: '0', SCGI: '1', REQUEST_METHOD: 'GET', REQUEST_URI: '/' }
const failure = (code: string, status?: number): unknown =>
  expect.objectContaining({ code, blame: 'peer', ...(status === undefined ? {} : { status }) })

function talk(...parts: Uint8Array[]): Conversation {
  const conversation = new Conversation(scgi.server())
  for (const part of parts) conversation.feed(part, bytewise)
  return conversation
}

describe('requests', () => {
  test('the variables arrive as they are, SCGI too, in any order', () => {
    const variables = { REQUEST_METHOD: 'GET', EMPTY: '', LONG: 'x'.repeat(100_000), CONTENT_LENGTH: '0', SCGI: '1' }
    const { heard } = talk(netstring(variables))
    expect({ ...heard[0]!.variables }).toEqual(variables)
    expect(heard).toMatchObject([{ length: 0, ended: true }])
  })

  test.each([
    ['without SCGI', { REQUEST_METHOD: 'GET', CONTENT_LENGTH: '0' }],
    ['without CONTENT_LENGTH', { REQUEST_METHOD: 'GET', SCGI: '1' }],
    ['with CONTENT_LENGTH empty', { ...GET, CONTENT_LENGTH: '' }],
  ])('%s it is a request without a body', (_, variables) => {
    expect(talk(netstring(variables), Buffer.from('body')).heard).toMatchObject([{ length: 0, body: [], ended: true }])
  })

  test('the body is as long as CONTENT_LENGTH says; what follows is never a next request', () => {
    const next = netstring(GET)
    const conversation = talk(netstring({ ...GET, CONTENT_LENGTH: '3' }))
    expect(conversation.heard).toMatchObject([{ length: 3, ended: false }])
    conversation.feed(Buffer.concat([Buffer.from('abc'), next]), whole)
    conversation.feed(next, bytewise)
    expect(conversation.heard).toHaveLength(1)
    expect(Buffer.concat(conversation.heard[0]!.body).toString()).toBe('abc')
    expect(conversation.heard[0]!.ended).toBe(true)
    expect(conversation.codec.keepsOpen(0)).toBe(false)
  })

  test('a name that comes twice', () => {
    const block = 'HTTP_A\x001\0HTTP_COOKIE\0a\0HTTP_A\x002\0HTTP_COOKIE\0b\0X\x001\0X\x002\0'
    const { heard } = talk(Buffer.from(`${block.length}:${block},`))
    expect({ ...heard[0]!.variables }).toEqual({ HTTP_A: '1, 2', HTTP_COOKIE: 'a; b', X: '2' })
  })

  test.each<[string, Buffer, string, number]>([
    ['a length that begins with 0', netstring(GET, '052'), 'SCGI_BLOCK', 400],
    ['a block without a variable', Buffer.from('0:,'), 'SCGI_BLOCK', 400],
    ['a length of eleven digits', Buffer.from('12345678901:'), 'SCGI_BLOCK', 400],
    ['a block that is too long', Buffer.from('262145:'), 'SCGI_BLOCK', 431],
    ['no colon', Buffer.from('12;'), 'SCGI_BLOCK', 400],
    ['no digits', Buffer.from(':'), 'SCGI_BLOCK', 400],
    ['no comma', netstring(GET, undefined, ';'), 'SCGI_BLOCK', 400],
    ['no NUL at the end', Buffer.from('7:A\x001\0B\x002,'), 'SCGI_BLOCK', 400],
    ['a name without a value', Buffer.from('6:A\x001\0B\0,'), 'SCGI_BLOCK', 400],
    ['a variable without a name', Buffer.from('4:\x001\0\0,'), 'SCGI_BLOCK', 400],
    ['CONTENT_LENGTH that is no number', netstring({ CONTENT_LENGTH: '+3' }), 'CONTENT_LENGTH_BAD', 400],
    ['UWSGI_FILE', netstring({ ...GET, UWSGI_FILE: 'exec://id' }), 'UWSGI_VARIABLE', 403],
  ])('%s is refused', (_, bytes, code, status) => {
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(scgi.server())
      expect(() => conversation.feed(bytes, cut)).toThrow(failure(code, status))
      expect(() => conversation.codec.receive(netstring(GET))).toThrow(failure('CODEC_DEAD'))
    }
  })

  test('two lengths that differ are refused', () => {
    const block = 'CONTENT_LENGTH\x001\0CONTENT_LENGTH\x0022\0'
    expect(() => talk(Buffer.from(`${block.length}:${block},`))).toThrow(failure('CONTENT_LENGTH_TWICE'))
  })

  test('names like those of Object.prototype are variables like any other', () => {
    const block = '__proto__\0x\0constructor\0x\0'
    const found = talk(Buffer.from(`${block.length}:${block},`)).heard[0]!.variables
    expect(Object.keys(found)).toEqual(['__proto__', 'constructor'])
  })

  test('the connection ends too early', () => {
    expect(() => talk().codec.receiveEnd()).not.toThrow()
    expect(() => talk(Buffer.from('1')).codec.receiveEnd()).toThrow(failure('SCGI_BLOCK'))
    expect(() => talk(netstring({ CONTENT_LENGTH: '2' }), Buffer.from('a')).codec.receiveEnd()).toThrow(
      failure('BODY_CUT'),
    )
    expect(() => talk(netstring(GET)).codec.receiveEnd()).not.toThrow()
  })
})

describe('recognition', () => {
  test.each<[string, string]>([
    ['', 'more'],
    ['1', 'more'],
    ['1234567890', 'more'],
    ['1234567890:', 'yes'],
    ['12345678901', 'no'],
    ['70:', 'yes'],
    ['0:', 'no'],
    ['7GET / HTTP/1.1', 'no'],
    ['GET / HTTP/1.1', 'no'],
  ])('%j: %s', (text, expected) => {
    expect(scgi.recognise(Buffer.from(text))).toBe(expected)
  })
})

describe('responses', () => {
  test('a Status field, the head, the body, and no mark at the end', () => {
    const { codec } = talk(netstring(GET))
    const answer = Buffer.from(codec.start(0, OK, Buffer.from('Hello'), true)).toString()
    expect(answer).toBe('Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nHello')
    expect(Buffer.concat(codec.data(0, Buffer.from('more'))).toString()).toBe('more')
    expect(codec.finish(0)).toBeUndefined()
    expect(codec.demand(0)).toBeUndefined()
  })
})

describe('client', () => {
  test('CONTENT_LENGTH comes first and once, SCGI with it', () => {
    const bytes = Buffer.from(
      scgi.client().request({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '', SCGI: '2', A: 'é' }, 5),
    )
    expect(bytes).toEqual(netstring({ CONTENT_LENGTH: '5', SCGI: '1', REQUEST_METHOD: 'POST', A: 'é' }))
  })

  test('what SCGI cannot carry is refused', () => {
    const client = scgi.client()
    expect(() => client.request(GET, undefined)).toThrow(failure('LENGTH_REQUIRED', 411))
    expect(() => client.request({ PATH_INFO: '/a\0SCRIPT_FILENAME\0/x' }, 0)).toThrow(failure('SCGI_NUL', 400))
    expect(() => client.request({ LONG: 'x'.repeat(262_144) }, 0)).toThrow(failure('SCGI_BLOCK', 431))
  })

  test.each(['Status: 404 Not Found', 'HTTP/1.1 404 Not Found'])('%s is understood', (line) => {
    const client = scgi.client()
    client.request(GET, 0)
    const events = client.receive(Buffer.from(`${line}\r\nContent-Length: 2\r\n\r\nab`))
    expect(events.map(({ type }) => type)).toEqual(['head', 'body', 'end'])
    expect(events[0]).toMatchObject({ head: { status: 404, reason: 'Not Found' } })
  })
})
