// A connection on which another codec goes on wherever one says that it is between two requests: what is heard is the same as of one codec.
import { expect, test } from 'vitest'
import type { ServerCodec } from '../../sidecar/wire/codec.ts'
import { ajp } from '../../sidecar/wire/ajp.ts'
import { fastcgi } from '../../sidecar/wire/fastcgi.ts'
import { http } from '../../sidecar/wire/http.ts'
import { bytesOf, captures } from './captures.ts'
import { Conversation } from './converse.ts'
import { whole } from './splits.ts'

const kept = { ajp, fastcgi, http }
/** AJP has no other way to say that it is lighttpd's. */
const decodedPath = (file: string): boolean => file.startsWith('lighttpd')

interface Told {
  /** What was heard, one line for each request. */
  readonly heard: string[]
  /** How often another codec went on. */
  readonly changes: number
  /** Why it ended, where it did. */
  readonly error: string | undefined
}

/** Feeds a connection byte by byte, and answers each request as soon as it is complete. */
function listen(make: (continued: boolean) => ServerCodec, bytes: Buffer, change: boolean): Told {
  let conversation = new Conversation(make(false))
  const heard: string[] = []
  let changes = 0
  const note = (): void => {
    for (const { variables, length, body } of conversation.heard)
      heard.push(JSON.stringify([variables, length, Buffer.concat(body).toString('latin1')]))
  }
  try {
    for (let at = 0; at < bytes.length; at++) {
      conversation.feed(bytes.subarray(at, at + 1), whole)
      if (conversation.heard.some(({ ended }) => ended)) conversation.goOn()
      const done = conversation.heard.every(({ ended }) => ended)
      if (!conversation.codec.between || !done || conversation.heard.length === 0) continue
      note()
      conversation = change ? new Conversation(make(true)) : Object.assign(conversation, { heard: [] })
      changes++
    }
  } catch (error) {
    note()
    return { heard, changes, error: (error as Error).message }
  }
  note()
  return { heard, changes, error: undefined }
}

/** Long bodies have nothing between two requests. */
const SIZE_MAX = 4096

const connections = captures.filter(
  ({ direction, protocol, file }) => direction === 'request' && protocol in kept && bytesOf(file).length <= SIZE_MAX,
)
let changed = 0

test.each(connections)('$file', ({ file, protocol }) => {
  const make = (continued: boolean): ServerCodec =>
    kept[protocol as keyof typeof kept].server({ decodedPath: decodedPath(file), continued })
  const told = listen(make, bytesOf(file), true)
  changed += told.changes
  expect(told).toEqual(listen(make, bytesOf(file), false))
})

test('codecs did go on', () => {
  expect(changed).toBeGreaterThan(connections.length / 2)
})
