// The PROXY protocol, versions 1 and 2 (proxy-protocol.txt), in every cut.
import { describe, expect, test } from 'vitest'
import { PeerError } from '../../sidecar/errors.ts'
import { mayBeProxyHeader, ProxyHeaderReader, type ProxyHeader } from '../../sidecar/wire/proxy-header.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A header of version 2. */
function binary(command: number, family: number, content: Uint8Array, length = content.byteLength): Buffer {
  const fixed = Buffer.from([...SIGNATURE, command, family, length >> 8, length & 255])
  return Buffer.concat([fixed, content])
}

const tcp4 = Buffer.from([192, 0, 2, 1, 10, 0, 0, 1, 0x1f, 0x90, 1, 187])
const tcp6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from([0x1f, 0x90, 1, 187]),
])

function read(bytes: Buffer, cut: Cut): { client: ProxyHeader['client']; rest: string } | undefined {
  const reader = new ProxyHeaderReader()
  const pieces = cut(bytes)
  for (const [index, piece] of pieces.entries()) {
    const own = Buffer.from(piece)
    const header = reader.receive(own)
    if (header) {
      const rest = Buffer.concat([header.rest, ...pieces.slice(index + 1)])
      return { client: header.client, rest: rest.toString('latin1') }
    }
    own.fill(0x55)
  }
  return undefined
}

const cuts: [string, Cut][] = [
  ['whole', whole],
  ['byte by byte', bytewise],
  [`in pieces (SIDEGATE_SEED=${seed})`, randomly(random(seed))],
]

const client = (address: string) => ({ address, port: 8080, localPort: 443 })

describe.each(cuts)('%s', (_, cut) => {
  test.each<[string, Buffer | string, ProxyHeader['client']]>([
    ['1, IPv4', 'PROXY TCP4 192.0.2.1 10.0.0.1 8080 443\r\n', client('192.0.2.1')],
    ['1, IPv6', 'PROXY TCP6 2001:DB8::1 ::1 8080 443\r\n', client('2001:db8::1')],
    ['1, IPv6 in full', 'PROXY TCP6 1:0:0:2:0:0:0:3 :: 8080 443\r\n', client('1:0:0:2::3')],
    ['1, IPv4 in IPv6', 'PROXY TCP6 ::ffff:192.0.2.1 ::1 8080 443\r\n', client('192.0.2.1')],
    ['1, the longest', `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, undefined],
    ['1, UNKNOWN', 'PROXY UNKNOWN\r\n', undefined],
    ['2, IPv4', binary(0x21, 0x11, tcp4), client('192.0.2.1')],
    ['2, IPv6', binary(0x21, 0x21, tcp6), client('2001:db8::1')],
    [
      '2, with type-length-values',
      binary(0x21, 0x11, Buffer.concat([tcp4, Buffer.alloc(524, 4)])),
      client('192.0.2.1'),
    ],
    ['2, LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
    ['2, LOCAL with addresses, which do not count', binary(0x20, 0x11, tcp4), undefined],
    ['2, UNSPEC', binary(0x21, 0x00, Buffer.alloc(7)), undefined],
    ['2, UDP', binary(0x21, 0x12, tcp4), undefined],
    ['2, a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
  ])('version %s', (__, header, expected) => {
    const bytes = Buffer.from(header as string, 'latin1')
    expect(read(bytes, cut)).toEqual({ client: expected, rest: '' })
    expect(read(Buffer.concat([bytes, Buffer.from('PROXY of the tail')]), cut)).toEqual({
      client: expected,
      rest: 'PROXY of the tail',
    })
    expect(read(bytes.subarray(0, -1), cut)).toBeUndefined()
  })

  test.each<[string, Buffer | string]>([
    ['HTTP', 'GET / HTTP/1.1\r\n'],
    ['uwsgi', Buffer.from([0, 10, 0, 0])],
    ['a line without end', `PROXY TCP4 ${'1'.repeat(200)}`],
    ['a line of 108 bytes', `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`],
    ['an unknown family', 'PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n'],
    ['no family', 'PROXY \r\n'],
    ['a word too few', 'PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n'],
    ['a word too many', 'PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n'],
    ['two spaces', 'PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n'],
    ['a name for an address', 'PROXY TCP4 localhost 1.1.1.1 1 1\r\n'],
    ['an address out of range', 'PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n'],
    ['leading zeros', 'PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n'],
    ['IPv6 as TCP4', 'PROXY TCP4 ::1 ::1 1 1\r\n'],
    ['two gaps', 'PROXY TCP6 1::2::3 ::1 1 1\r\n'],
    ['nine groups', 'PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 1\r\n'],
    ['seven groups', 'PROXY TCP6 1:2:3:4:5:6:7 ::1 1 1\r\n'],
    ['a group of five', 'PROXY TCP6 12345::1 ::1 1 1\r\n'],
    ['a port out of range', 'PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n'],
    ['a port with a sign', 'PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n'],
    ['a bare LF', `PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n${'x'.repeat(100)}`],
    ['version 3', binary(0x31, 0x11, tcp4)],
    ['another command', binary(0x22, 0x11, tcp4)],
    ['too few bytes for its addresses', binary(0x21, 0x11, tcp4.subarray(0, 11))],
    ['a header that is too long', binary(0x21, 0x11, Buffer.alloc(537))],
    ['an announced length that is too long', binary(0x21, 0x11, tcp4, 0xffff)],
    ['a signature that goes wrong', Buffer.concat([SIGNATURE.subarray(0, 11), Buffer.from('x')])],
  ])('refuses %s', (__, bytes) => {
    const run = () => read(Buffer.from(bytes as string, 'latin1'), cut)
    expect(run).toThrow(PeerError)
    expect(run).toThrow(expect.objectContaining({ code: 'PROXY_HEADER' }))
  })
})

test(`random bytes are refused, and never anything else (SIDEGATE_SEED=${seed})`, () => {
  const next = random(seed)
  const codes = new Set<string>()
  const outcome = (step: () => unknown): string => {
    try {
      step()
      return 'read'
    } catch (error) {
      return error instanceof PeerError ? error.code : String(error)
    }
  }
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(Array.from({ length: 60 }, () => Math.floor(next() * 256)))
    const header = next() < 0.5 ? binary(0x20 + Math.floor(next() * 3), Math.floor(next() * 64), bytes) : bytes
    codes.add(outcome(() => read(header, randomly(next))))
  }
  expect([...codes].toSorted()).toEqual(['PROXY_HEADER', 'read'])
})

test('is told apart by its first bytes', () => {
  for (const begin of [SIGNATURE, Buffer.from('PROXY TCP4')]) {
    for (let size = 1; size < begin.length; size++) expect(mayBeProxyHeader(begin.subarray(0, size))).toBe(true)
  }
  for (const other of ['POST / HTTP/1.1', '\r\n\r\n\r\n', '\0\0\0\0'])
    expect(mayBeProxyHeader(Buffer.from(other))).toBe(false)
})
