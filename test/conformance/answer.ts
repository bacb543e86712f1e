// A response as it came, and HTTP/1.1's framing taken off.
import type { Head } from '../../sidecar/wire/head.ts'

/** A response, whole. */
export class Answer {
  readonly head: Head
  /** Without the framing of the transport. */
  readonly body: Buffer
  /** Everything arrived that the head and the transport announce. */
  readonly complete: boolean
  /** Bytes behind the response that belong to nothing. */
  readonly extra: number
  /** Fields behind the body (RFC 9110 6.5). */
  readonly trailers: Head['headers']

  constructor(head: Head, body: Buffer, complete: boolean, extra: number, trailers: Head['headers'] = []) {
    this.head = head
    this.body = body
    this.complete = complete
    this.extra = extra
    this.trailers = trailers
  }

  get status(): number {
    return this.head.status
  }

  get text(): string {
    return this.body.toString('utf8')
  }

  json<T>(): T {
    return JSON.parse(this.text) as T
  }

  /** All values of a field. */
  all(name: string): string[] {
    return this.head.headers.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value)
  }

  /** The only value of a field, or undefined. */
  header(name: string): string | undefined {
    const values = this.all(name)
    if (values.length > 1) throw new Error(`the response has ${values.length} fields ${name}`)
    return values[0]
  }
}

/** Takes HTTP/1.1's chunked framing off (RFC 9112 7.1). */
export function dechunk(head: Head, raw: Buffer): Answer {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const line = raw.indexOf('\r\n', at)
    const size = line < 0 ? Number.NaN : Number.parseInt(raw.toString('latin1', at, line), 16)
    if (Number.isNaN(size)) return new Answer(head, Buffer.concat(parts), false, 0)
    const start = line + 2
    if (size === 0) {
      return behind(head, Buffer.concat(parts), raw.subarray(start))
    }
    parts.push(raw.subarray(start, Math.min(start + size, raw.length)))
    if (start + size + 2 > raw.length) return new Answer(head, Buffer.concat(parts), false, 0)
    at = start + size + 2
  }
}

/** What follows the last chunk: trailers, an empty line (RFC 9112 7.1.2). */
function behind(head: Head, body: Buffer, raw: Buffer): Answer {
  const trailers: (readonly [string, string])[] = []
  for (let at = 0; ;) {
    const end = raw.indexOf('\r\n', at)
    if (end < 0) return new Answer(head, body, false, 0)
    if (end === at) return new Answer(head, body, true, raw.length - end - 2, trailers)
    const line = raw.toString('latin1', at, end)
    const colon = line.indexOf(':')
    trailers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
    at = end + 2
  }
}
