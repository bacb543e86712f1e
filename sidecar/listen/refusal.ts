// What becomes of bytes that are no request: a line in the log, and an answer where the protocol has one.
import type { Socket } from 'node:net'
import { errorResponse, type SidegateError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ServerCodec } from '../wire/codec.ts'
import type { HeaderPair } from '../wire/head.ts'

/** The line. `listener`: the address, as in the configuration or as bound. */
export function warnOfPeer(log: Log, { message, code, blame }: SidegateError, listener: string, socket: Socket): void {
  log.warn(message, { code, blame, listener, peer: socket.remoteAddress ?? nameless(listener) })
}

/** A peer without an address, by the listener that it came to. */
function nameless(listener: string): string {
  return /(?:^|\/)pipe:/.test(listener) ? 'pipe' : 'unix'
}

/** The answer, so that the host's log and its client see why; undefined when the protocol has no way to give one. */
export function refusal(codec: ServerCodec, error: SidegateError): Uint8Array | undefined {
  const { body, ...head } = errorResponse(error, '-')
  const bytes = Buffer.from(body)
  const headers: HeaderPair[] = [...head.headers, ['Content-Length', String(bytes.length)]]
  return codec.refuse({ ...head, headers }, bytes)
}
