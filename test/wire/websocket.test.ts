// Where WebSocket frames end, in every cut (RFC 6455 5.2).
import { describe, expect, test } from 'vitest'
import { closeFrame, Frames } from '../../sidecar/wire/websocket.ts'
import { bytewise, random, randomly, seed, whole, type Cut } from './splits.ts'

interface Shape {
  opcode: number
  size: number
  masked: boolean
  fin?: boolean
}

function frame({ opcode, size, masked, fin = true }: Shape): Buffer {
  const first = (fin ? 0x80 : 0) | opcode
  const mask = masked ? 0x80 : 0
  const length = Buffer.alloc(size < 126 ? 0 : size < 65536 ? 2 : 8)
  if (length.length === 2) length.writeUInt16BE(size)
  if (length.length === 8) length.writeBigUInt64BE(BigInt(size))
  const short = length.length === 0 ? size : length.length === 2 ? 126 : 127
  // Bytes that would be taken for other frames if anything were miscounted.
  return Buffer.concat([Buffer.from([first, mask | short]), length, Buffer.alloc((masked ? 4 : 0) + size, 0x88)])
}

const shapes: Shape[] = [
  { opcode: 1, size: 0, masked: true },
  { opcode: 1, size: 125, masked: true },
  { opcode: 2, size: 126, masked: true },
  { opcode: 1, size: 5, masked: true, fin: false },
  { opcode: 9, size: 4, masked: true },
  { opcode: 0, size: 65535, masked: true },
  { opcode: 2, size: 65536, masked: true },
  { opcode: 10, size: 0, masked: false },
  { opcode: 2, size: 70_000, masked: false },
]

const cuts: [string, Cut][] = [
  ['whole', whole],
  ['byte by byte', bytewise],
  [`in pieces (SIDEGATE_SEED=${seed})`, randomly(random(seed))],
]

describe.each(cuts)('%s', (_, cut) => {
  test('every end is found, and nothing else is one', () => {
    const parts = shapes.map(frame)
    const all = Buffer.concat(parts)
    let sum = 0
    const ends = parts.map(({ length }) => (sum += length))
    const frames = new Frames()
    const wrong: number[] = []
    let at = 0
    let last = 0
    for (const piece of cut(all)) {
      const end = frames.push(Uint8Array.from(piece))
      const from = at
      at += piece.length
      const expected = ends.findLast((one) => one > from && one <= at)
      if (end !== (expected === undefined ? 0 : expected - from) || frames.complete !== ends.includes(at))
        wrong.push(at)
      if (end > 0) last = from + end
    }
    expect(wrong).toEqual([])
    expect([last, frames.closed]).toEqual([all.length, false])
  })

  test('a Close frame is seen', () => {
    const frames = new Frames()
    for (const piece of cut(Buffer.concat([frame(shapes[2]!), closeFrame(1000, Uint8Array.of(1, 2, 3, 4))])))
      frames.push(piece)
    expect([frames.closed, frames.complete]).toEqual([true, true])
  })
})

test('nothing at all is complete', () => {
  const frames = new Frames()
  expect([frames.push(new Uint8Array(0)), frames.complete]).toEqual([0, true])
})

test('a Close frame as a client sends it', () => {
  // Masked with zeros the payload is to be read: 1001.
  expect(closeFrame(1001, new Uint8Array(4)).toString('hex')).toBe('88820000000003e9')
  expect(closeFrame(1001, Uint8Array.of(0xff, 1, 2, 3)).toString('hex')).toBe('8882ff010203fce8')
})
