// One request by HTTP/1.1, over TCP, a Unix socket or a named pipe.
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from '../node-http.ts'
import { pipeline } from 'node:stream/promises'
import { socketAddress } from '../address.ts'
import { PeerError } from '../errors.ts'
import type { HeaderPair } from '../wire/head.ts'
import type { Answer, Outgoing } from './outgoing.ts'

/** @throws {PeerError} when the server is silent; errors of the system when it cannot be reached */
export async function callHttp(outgoing: Outgoing, answer: Answer): Promise<void> {
  const { endpoint, method, target, headers, body, timeout } = outgoing
  const fields = headers.flat()
  if (body?.length !== undefined) fields.push('Content-Length', String(body.length))
  fields.push('Connection', 'close')
  answer.sent(`> ${method} ${target} HTTP/1.1\n`)
  for (let at = 0; at < fields.length; at += 2) answer.sent(`> ${fields[at]}: ${fields[at + 1]}\n`)
  const call = httpRequest({
    ...(endpoint.kind === 'tcp'
      ? { host: endpoint.host, port: endpoint.port }
      : { socketPath: socketAddress(endpoint).path }),
    method,
    path: target,
    headers: fields,
    agent: false,
  })
  call.setTimeout(timeout, () => {
    call.destroy(new PeerError('REQUEST_TIMEOUT', `no byte in ${timeout / 1000} s`, 504))
  })
  try {
    const answered = once(call, 'response') as Promise<[IncomingMessage]>
    // A server may answer before it has read everything.
    if (body) pipeline(body.chunks, call).catch(() => {})
    else call.end()
    const [response] = await answered
    const raw: HeaderPair[] = []
    for (let at = 0; at < response.rawHeaders.length; at += 2)
      raw.push([response.rawHeaders[at]!, response.rawHeaders[at + 1]!])
    answer.head({ status: response.statusCode ?? 0, reason: response.statusMessage ?? '', headers: raw })
    for await (const bytes of response as AsyncIterable<Buffer>) if (!answer.body(bytes)) await answer.drained()
  } finally {
    call.destroy()
  }
}
