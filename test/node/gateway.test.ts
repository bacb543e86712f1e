// An Express app behind a real door.
import { createReadStream } from 'node:fs'
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import { startGateway, type TestGateway } from '../listen/gateway.ts'
import { openMount } from '../mount.ts'
import * as raw from './apps/raw.ts'

const folder = new URL('apps/', import.meta.url)
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
let gateway: TestGateway
let port: number

beforeEach(async () => {
  raw.seen.length = 0
  const express = await openMount(node, { node: './express.ts' }, folder)
  const watched = await openMount(node, { node: './raw.ts#watched' }, folder, '/watched')
  gateway = await startGateway(['http://127.0.0.1:0'], {
    '/': (exchange) => express.mount.handle(exchange),
    '/watched': (exchange) => watched.mount.handle(exchange),
  })
  port = Number(/:(\d+)$/.exec(gateway.addresses[0]!)![1])
})
afterEach(() => agent.destroy())

function ask(
  path: string,
  body?: Readable,
  options: RequestOptions = {},
): Promise<{ response: IncomingMessage; size: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, path, agent, method: body ? 'POST' : 'GET', ...options },
      (response) => {
        let size = 0
        let text = ''
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (text.length < 1000) text += chunk.toString()
        })
        response.on('end', () => resolve({ response, size, text }))
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    if (body) pipeline(body, outgoing).catch(reject)
    else outgoing.end()
  })
}

function* blocks(count: number): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(64 * 1024, i)
}

test('an upload of 20 MB, echoed while it arrives', async () => {
  const { size } = await ask('/echo', Readable.from(blocks(320)))
  expect(size).toBe(320 * 64 * 1024)
})

test('a connection is kept after an upload that the app did not read', async () => {
  for (let i = 0; i < 3; i++) {
    const { response, text } = await ask('/unread', Readable.from(blocks(4)), {
      headers: { 'Content-Length': 4 * 64 * 1024 },
    })
    expect([response.statusCode, text]).toEqual([201, 'not read'])
  }
  expect((await ask('/hello')).text).toBe('Hello')
})

test('a file as an upload, and a range of a file', async () => {
  const file = createReadStream(fileURLToPath(new URL('alphabet.txt', folder)))
  expect((await ask('/count', file)).text).toBe('{"bytes":26,"complete":true}')
  expect((await ask('/file', undefined, { headers: { range: 'bytes=1-3' } })).text).toBe('bcd')
})

test('trailers and early hints do not reach the client', async () => {
  expect((await ask('/trailers')).response.trailers).toEqual({})
  expect((await ask('/hints')).text).toBe('after hints')
})

test('a client that hangs up is told to the app', async () => {
  const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/watched/part', agent: false }, () =>
    outgoing.destroy(),
  )
  outgoing.on('error', () => {})
  outgoing.end()
  await expect.poll(() => raw.seen).toContain('res close finished=false')
  expect(gateway.errors).toEqual([])
})
