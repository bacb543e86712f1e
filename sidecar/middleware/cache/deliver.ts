// Sends stored responses.
import type { Exchange } from '../../exchange.ts'
import type { Head } from '../../wire/head.ts'
import { withField } from '../response-fields.ts'
import type { Body, OpenBody } from './body.ts'
import { isNotModified, notModified, partHead, partOf } from './conditions.ts'
import type { Entry } from './entry.ts'
import { ageOf } from './policy.ts'

/** What is written at once: more waits until the client has taken it. */
const BLOCK = 64 * 1024

/**
 * Answers with a stored response, as far as the client has not got it.
 * @param told puts what is said of it into the head
 * @returns false when its body is not there any more: then nothing was sent
 */
export function deliver(entry: Entry, exchange: Exchange, told: (head: Head) => Head): boolean | Promise<boolean> {
  const { variables } = exchange
  const { body } = entry
  const aged = told(withField(entry.head, 'Age', String(Math.floor(ageOf(entry.times)))))
  if (entry.head.status === 200 && isNotModified(entry.head, variables)) return alone(exchange, notModified(aged))
  const part = partOf(variables, entry.head, body.size)
  if (part === 'none') return alone(exchange, told(partHead(entry.head, part, body.size)))
  const { from, length } = part ?? { from: 0, length: body.size }
  const whole = part ? partHead(aged, part, body.size) : aged
  const head = entry.head.status === 204 ? whole : withField(whole, 'Content-Length', String(length))
  if (variables.REQUEST_METHOD === 'HEAD' || length === 0) return alone(exchange, head)
  if (body.bytes && length <= BLOCK) {
    exchange.respond(head)
    exchange.end(body.bytes.subarray(from, from + length))
    return true
  }
  return sendLong(exchange, head, body, from, length)
}

function alone(exchange: Exchange, head: Head): true {
  exchange.respond(head)
  exchange.end()
  return true
}

async function sendLong(exchange: Exchange, head: Head, body: Body, from: number, length: number): Promise<boolean> {
  const open = body.bytes ? inMemory(body.bytes) : await body.open()
  if (!open) return false
  try {
    if (exchange.over) return true
    for (let at = from; at < from + length; at += BLOCK) {
      const piece = await open.read(at, Math.min(BLOCK, from + length - at))
      if (exchange.over) return true
      if (at === from) exchange.respond(head)
      if (at + piece.byteLength === from + length) exchange.end(piece)
      else await exchange.send(piece)
    }
    return true
  } catch (error) {
    // A client that has gone says nothing of what is stored.
    if (exchange.over) return true
    throw error
  } finally {
    open.close()
  }
}

function inMemory(bytes: Uint8Array): OpenBody {
  return { read: (from, length) => Promise.resolve(bytes.subarray(from, from + length)), close: () => {} }
}
