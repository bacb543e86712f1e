// Who counts as one peer, and what is told of those who are turned away: addresses that no test can connect from.
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Crowd } from '../../sidecar/listen/crowd.ts'

const from = (remoteAddress: string): Socket => ({ remoteAddress, once: () => {} }) as unknown as Socket

function crowd(connections: number): { enter: (address: string) => boolean; told: string[] } {
  const told: string[] = []
  const one = new Crowd(
    { connections, connectionsPerPeer: undefined },
    () => false,
    ({ code }) => void told.push(code),
  )
  return { enter: (address) => one.enter(from(address)), told }
}

test('a network of 64 bits is one peer, however its addresses are written', () => {
  const { enter, told } = crowd(10_000)
  const same = ['2001:db8::5', '2001:db8:0:0:1::', '2001:db8::1:0:0:5', '2001:db8:0:0:1:2:3:4', '2001:db8::']
  for (let at = 0; at < 256; at++) expect(enter(same[at % same.length]!)).toBe(true)
  for (const address of same) expect(enter(address)).toBe(false)
  for (const other of ['2001:db8:1::5', '2001:db8:0:1::', '::1:0:0:5', '192.0.2.1', '::ffff:192.0.2.2'])
    expect(enter(other)).toBe(true)
  expect(told).toEqual(['PEER_CONNECTIONS_MAX'])
})

test('that one peer has too many does not keep from the log that all places are taken', () => {
  const { enter, told } = crowd(300)
  for (let at = 0; at < 300; at++) enter('192.0.2.1')
  for (let at = 0; at < 300; at++) enter(`192.0.2.${(at % 200) + 2}`)
  expect(told).toEqual(['PEER_CONNECTIONS_MAX', 'CONNECTIONS_MAX'])
})
