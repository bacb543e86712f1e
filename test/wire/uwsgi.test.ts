// The uwsgi packet, rule by rule, and the response behind it.
import { describe, expect, test } from 'vitest'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'
import { packet } from './build.ts'
import { Conversation, OK } from './converse.ts'
import { bytewise, whole } from './splits.ts'

const GET = { REQUEST_METHOD: 'GET', PATH_INFO: '/' }
const failure = (code: string): unknown => expect.objectContaining({ code, blame: 'peer' })

function talk(...parts: Uint8Array[]): Conversation {
  const conversation = new Conversation(uwsgi.server())
  for (const part of parts) conversation.feed(part, bytewise)
  return conversation
}

describe('requests', () => {
  test('variables of any length, an empty one last', () => {
    const variables = { ...GET, LONG: 'x'.repeat(60_000), EMPTY: '' }
    const { heard } = talk(packet(variables))
    expect({ ...heard[0]!.variables }).toEqual(variables)
    expect(heard).toMatchObject([{ length: 0, ended: true }])
  })

  test.each([
    ['', 0],
    ['0', 0],
    ['3', 3],
  ])('CONTENT_LENGTH %j', (length, expected) => {
    const conversation = talk(packet({ ...GET, CONTENT_LENGTH: length }))
    expect(conversation.heard).toMatchObject([{ length: expected, ended: expected === 0 }])
    conversation.feed(Buffer.from('abcdef'), bytewise)
    expect(Buffer.concat(conversation.heard[0]!.body).toString()).toBe('abcdef'.slice(0, expected))
    expect(conversation.heard[0]!.ended).toBe(true)
  })

  test('what follows the body is never a next request', () => {
    const next = packet({ UWSGI_FILE: '/tmp/x' })
    const conversation = talk(packet({ ...GET, CONTENT_LENGTH: '2' }), Buffer.concat([Buffer.from('ab'), next]), next)
    expect(conversation.heard).toHaveLength(1)
    expect(conversation.codec.keepsOpen(0)).toBe(false)
  })

  test('modifier 30: SCRIPT_NAME is taken off PATH_INFO', () => {
    const { heard } = talk(packet({ SCRIPT_NAME: '/app', PATH_INFO: '/app/x' }, 30))
    expect(heard[0]!.variables).toMatchObject({ SCRIPT_NAME: '/app', PATH_INFO: '/x' })
  })

  test.each<[string, Buffer, string]>([
    ['another modifier1', packet(GET, 5), 'UWSGI_MODIFIER'],
    ['modifier1 that evaluates code', packet(GET, 22), 'UWSGI_MODIFIER'],
    ['modifier2', packet(GET, 0, 1), 'UWSGI_MODIFIER'],
    ['an empty packet', packet({}), 'UWSGI_BLOCK'],
    ['a variable without a name', packet({ '': 'x' }), 'UWSGI_BLOCK'],
    ['a name past the end', Buffer.from([0, 3, 0, 0, 9, 0, 65]), 'UWSGI_BLOCK'],
    ['a value past the end', Buffer.from([0, 6, 0, 0, 1, 0, 65, 9, 0, 66]), 'UWSGI_BLOCK'],
    ['a name without a value', Buffer.from([0, 3, 0, 0, 1, 0, 65]), 'UWSGI_BLOCK'],
    ['CONTENT_LENGTH that is no number', packet({ CONTENT_LENGTH: '3, 3' }), 'CONTENT_LENGTH_BAD'],
    ['UWSGI_FILE', packet({ UWSGI_FILE: 'exec://id' }), 'UWSGI_VARIABLE'],
    ['UWSGI_SETENV', packet({ UWSGI_SETENV: 'A=B' }), 'UWSGI_VARIABLE'],
  ])('%s is refused', (_, bytes, code) => {
    for (const cut of [whole, bytewise]) {
      const conversation = new Conversation(uwsgi.server())
      expect(() => conversation.feed(bytes, cut)).toThrow(failure(code))
      expect(() => conversation.codec.receive(packet(GET))).toThrow(failure('CODEC_DEAD'))
    }
  })

  test('the connection ends too early', () => {
    expect(() => talk().codec.receiveEnd()).not.toThrow()
    expect(() => talk(packet(GET).subarray(0, 9)).codec.receiveEnd()).toThrow(failure('UWSGI_BLOCK'))
    expect(() => talk(packet({ CONTENT_LENGTH: '2' }), Buffer.from('a')).codec.receiveEnd()).toThrow(
      failure('BODY_CUT'),
    )
    expect(() => talk(packet(GET)).codec.receiveEnd()).not.toThrow()
  })
})

describe('responses', () => {
  test('a status line, the head, the body, and no mark at the end', () => {
    const { codec } = talk(packet(GET))
    const answer = Buffer.from(codec.start(0, OK, Buffer.from('Hello'), true)).toString()
    expect(answer).toBe('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHello')
    expect(Buffer.concat(codec.data(0, Buffer.from('more'))).toString()).toBe('more')
    expect(codec.finish(0)).toBeUndefined()
  })
})

describe('client', () => {
  test('a request is one packet; one that does not fit is refused', () => {
    const client = uwsgi.client()
    expect(client.request(GET, 0)).toEqual(packet(GET))
    expect(() => uwsgi.client().request({ LONG: 'x'.repeat(65_536) }, 0)).toThrow(failure('UWSGI_BLOCK'))
  })

  test('the response ends with Content-Length, or with the connection', () => {
    const counted = uwsgi.client()
    counted.request(GET, 0)
    expect(
      counted.receive(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab')).map(({ type }) => type),
    ).toEqual(['head', 'body', 'end'])
    expect(counted.receiveEnd()).toEqual([])
    const open = uwsgi.client()
    open.request(GET, 0)
    expect(open.receive(Buffer.from('HTTP/1.0 200 OK\r\n\r\nab')).map(({ type }) => type)).toEqual(['head', 'body'])
    expect(open.receiveEnd()).toEqual([{ type: 'end', reuse: false }])
  })

  test.each(['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na'])(
    '%j and then nothing is cut',
    (text) => {
      const client = uwsgi.client()
      client.request(GET, 0)
      client.receive(Buffer.from(text))
      expect(() => client.receiveEnd()).toThrow(failure('RESPONSE_CUT'))
    },
  )
})
