// The same app on a server of node:http and through the mount, in this process and in a worker: the same answers.
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import { makeExchange } from '../exchange.ts'
import { openMount, type OpenMount } from '../mount.ts'
import express from './apps/express.ts'
import { app as fastify } from './apps/fastify.ts'
import koa from './apps/koa.ts'
import { app as connect } from './apps/connect.ts'

interface Case {
  name?: string
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
}

interface Answer {
  status: number
  reason: string
  headers: string[]
  length: string | undefined
  body: string
}

const HOST = { host: 'test.example' }
// They belong to the connection, or tell the time.
const APART = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'trailer'])

function answer(status: number, reason: string, pairs: readonly (readonly [string, string])[], body: Buffer): Answer {
  const headers = pairs.filter(([name]) => !APART.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`)
  const length = pairs.find(([name]) => name.toLowerCase() === 'content-length')?.[1]
  return { status, reason, headers, length, body: body.toString('latin1') }
}

function overHttp(port: number, { method = 'GET', path, headers, body }: Case): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { port, host: '127.0.0.1', method, path, headers: { ...HOST, ...headers } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const pairs: [string, string][] = []
          for (let i = 0; i < response.rawHeaders.length; i += 2)
            pairs.push([response.rawHeaders[i]!, response.rawHeaders[i + 1]!])
          resolve(answer(response.statusCode!, response.statusMessage!, pairs, Buffer.concat(chunks)))
        })
      },
    )
    outgoing.on('error', reject)
    if (body !== undefined) outgoing.setHeader('Content-Length', Buffer.byteLength(body))
    outgoing.end(body)
  })
}

async function throughMount(mount: OpenMount, { method = 'GET', path, headers, body }: Case): Promise<Answer> {
  const made = makeExchange({
    method,
    path,
    headers: { ...HOST, ...headers },
    ...(body === undefined ? {} : { body }),
    variables: { REMOTE_ADDR: '127.0.0.1' },
  })
  void mount.mount.handle(made.exchange)
  const { status, reason, headers: pairs, body: bytes } = await made.response
  expect(made.errors).toEqual([])
  return answer(status, reason, pairs, bytes)
}

function compare(handler: RequestListener, settings: object, cases: Case[]): void {
  const server = createServer(handler)
  let mounts: OpenMount[] = []

  beforeAll(async () => {
    const ways = [settings, { ...settings, processes: 1 }]
    mounts = await Promise.all(ways.map((way) => openMount(node, way, new URL('apps/', import.meta.url))))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    server.close()
    await Promise.all(mounts.map(({ mount }) => mount.close()))
  })

  for (const each of cases) {
    const { method = 'GET', path, name = '' } = each
    test(`${method} ${path} ${name}`, async () => {
      const expected = await overHttp((server.address() as AddressInfo).port, each)
      for (const mount of mounts) {
        const actual = await throughMount(mount, each)
        // What node:http sends chunked, the mount leaves to the door; a response in one piece has its length then.
        const length =
          method === 'HEAD' ? expected.length : (expected.length ?? (actual.length && String(expected.body.length)))
        expect(actual).toEqual({ ...expected, length })
      }
    })
  }
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('Express 5', () => {
  compare(express, { node: './express.ts' }, [
    { path: '/' },
    { path: '/hello' },
    { path: '/hello', method: 'HEAD' },
    { path: '/hello', headers: { 'if-none-match': '"5-9/+ei3uy4Jtwk1pdeF4MxdnQq/A"' }, name: 'with its ETag' },
    { path: '/json?a=1&b[]=2&c=%20', headers: { 'x-a': 'b' } },
    { path: '/json', method: 'OPTIONS' },
    { path: '/json', method: 'POST', headers: json, body: '{"a":[1,2,{"b":"é"}]}' },
    { path: '/json', method: 'POST', headers: json, body: '{"a":', name: 'broken' },
    { path: '/json', method: 'POST', headers: json, body: '', name: 'empty' },
    { path: '/form', method: 'POST', headers: form, body: 'a=1&b=%C3%A9&c[d]=2' },
    { path: '/text', method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'short' },
    { path: '/text', method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'too long for it', name: '413' },
    { path: '/count', method: 'POST', body: 'x'.repeat(300_000) },
    { path: '/unread', method: 'POST', body: 'x'.repeat(300_000) },
    { path: '/echo', method: 'POST', body: 'x'.repeat(300_000) },
    { path: '/stream' },
    { path: '/stream', method: 'HEAD' },
    { path: '/big' },
    { path: '/file' },
    { path: '/file', method: 'HEAD' },
    { path: '/file', headers: { range: 'bytes=2-5' }, name: 'range' },
    { path: '/file', headers: { range: 'bytes=-3' }, name: 'last bytes' },
    { path: '/file', headers: { range: 'bytes=100-' }, name: '416' },
    { path: '/file', headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }, name: '304' },
    { path: '/missing-file' },
    { path: '/download' },
    { path: '/static/alphabet.txt' },
    { path: '/static/%61lphabet.txt', name: 'encoded' },
    { path: '/static/no-such' },
    { path: '/redirect' },
    { path: '/cookies' },
    { path: '/status/204' },
    { path: '/status/304' },
    { path: '/status/404' },
    { path: '/status/599' },
    { path: '/reason' },
    { path: '/write-head' },
    { path: '/write-head-flat' },
    { path: '/chunked' },
    { path: '/chunked', method: 'HEAD' },
    { path: '/trailers' },
    { path: '/hints' },
    { path: '/latin1' },
    { path: '/encodings' },
    { path: '/empty-write' },
    { path: '/compressed', headers: { 'accept-encoding': 'gzip' } },
    { path: '/compressed' },
    { path: '/throws' },
    { path: '/rejects' },
    { path: '/socket' },
    { path: '/outer/inner?x' },
    { path: '/not/here' },
    { path: '/status/%FF', name: 'no UTF-8' },
  ])
})

describe('Koa', () => {
  compare(koa, { node: './koa.ts' }, [
    { path: '/string' },
    { path: '/string', method: 'HEAD' },
    { path: '/json?x=1' },
    { path: '/stream' },
    { path: '/web' },
    { path: '/empty' },
    { path: '/redirect' },
    { path: '/cookie' },
    { path: '/throw' },
    { path: '/raise' },
    { path: '/echo', method: 'POST', body: 'hello' },
    { path: '/nothing' },
  ])
})

describe('Fastify 5', () => {
  compare(
    (request, response) => void fastify.ready().then(() => fastify.routing(request, response)),
    { node: './fastify.ts' },
    [
      { path: '/json' },
      { path: '/json', method: 'HEAD' },
      { path: '/echo', method: 'POST', headers: json, body: '{"a":1}' },
      { path: '/echo', method: 'POST', headers: json, body: '{"a":', name: 'broken' },
      { path: '/echo', method: 'POST', headers: { 'content-type': 'text/x' }, body: 'x', name: '415' },
      { path: '/stream' },
      { path: '/web' },
      { path: '/raise' },
      { path: '/redirect' },
      { path: '/request?x=%20' },
      { path: '/not/here' },
    ],
  )
})

describe('Connect', () => {
  compare(connect, { node: './connect.ts' }, [{ path: '/a/b?c' }, { path: '/fail' }, { path: '/none' }])
})
