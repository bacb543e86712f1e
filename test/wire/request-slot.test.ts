// Slots of the pipe to a worker: where what stands, and that nothing of one request goes with the next.
import { expect, test } from 'vitest'
import { RequestSlot, SLOT_SIZE } from '../../sidecar/wire/request-slot.ts'

test('number, length, id, text and zeros', () => {
  const slot = new RequestSlot()
  slot.write(2 ** 40 + 7, 255, 'A\0é')
  const written = Buffer.from(slot.bytes)
  expect(written.toString('hex', 0, 14)).toBe('0000010000000007' + '0003' + 'ff' + '4100e9')
  expect(written.subarray(14).every((byte) => byte === 0)).toBe(true)
  expect(slot.read()).toBe(2 ** 40 + 7)
})

test.each(['longer text', 'read'])('nothing of another request goes with it: after a %s', (before) => {
  const slot = new RequestSlot()
  slot.write(1, 2, 'secret'.repeat(100))
  if (before === 'read') slot.read()
  slot.write(3, 4, 'ab')
  slot.write(5, 6, '')
  expect(slot.bytes.subarray(11).every((byte) => byte === 0)).toBe(true)
})

test('what fits, with the head, fills a slot', () => {
  expect(RequestSlot.fits('x'.repeat(SLOT_SIZE - 11))).toBe(true)
  expect(RequestSlot.fits('x'.repeat(SLOT_SIZE - 10))).toBe(false)
  expect(RequestSlot.fits('')).toBe(false)
})
