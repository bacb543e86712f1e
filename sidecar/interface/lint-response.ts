// startResponse: status, headers, excInfo, checked. The lines with ## are the specification: docs/interface.md is made of them.
import { fieldName } from '../wire/field-names.ts'
import { checkBodyChunk } from './lint-body.ts'
import { demandFor, LintError, show, type Demand } from './lint-error.ts'
import type { LintedHead } from './linted-head.ts'
import type { StartResponse, Write } from './types.ts'

// ##
// ## ## startResponse
// ##
// ## The app calls `startResponse(status, headers)` once, before the first non-empty chunk of its body. Nothing is sent then: the head
// ## leaves with that chunk, or when the body ends without one.
// ##
const call: Demand = demandFor('LINT_START_RESPONSE', 'app')

/** A startResponse that checks how it is called, and remembers what was said. */
export function lintStartResponse(startResponse: StartResponse, head: LintedHead): StartResponse {
  return (...args: unknown[]) => {
    // ## - It gets two arguments or three: a status, headers, and `excInfo`.
    call(args.length === 2 || args.length === 3, `startResponse takes two or three arguments, not ${args.length}`)
    const [status, headers, excInfo] = args
    // ## - `excInfo` is what was thrown, in an app that answers with an error page instead. Only with it startResponse may be called again:
    // ##   it replaces a head that has not been sent; when the head has been sent, it throws `excInfo` on, and the app lets it pass.
    const again = head.started && (excInfo === undefined || excInfo === null)
    call(!again, 'startResponse was called a second time without excInfo')
    call(!head.upgraded, 'startResponse was called after sidegate.upgrade')
    const code = checkStatus(status)
    checkHeaders(headers)
    const known = describe(code, headers as [string, string][])
    const write = startResponse(status as string, headers as [string, string][], excInfo)
    Object.assign(head, known, { started: true })
    // ## - It returns the write callable: `await write(chunk)` sends a chunk of the body before those that the app returns. It is there for
    // ##   apps that cannot return their body; they still return an iterable, `[]` at least.
    if (typeof write !== 'function')
      throw new LintError('LINT_START_RESPONSE', 'gateway', 'startResponse returned no write callable')
    return lintWrite(write, head)
  }
}

function lintWrite(write: Write, head: LintedHead): Write {
  return (...args) => {
    try {
      call(args.length === 1, `write takes one argument, not ${args.length}`)
      checkBodyChunk(args[0], head, 'write')
    } catch (error) {
      head.failure ??= error
      const rejected = Promise.reject(error as Error)
      rejected.catch(() => {})
      return rejected
    }
    return write(args[0])
  }
}

function checkStatus(status: unknown): number {
  const demand: Demand = demandFor('LINT_STATUS', 'app')
  // ## - The status is a string of three digits, a space and a reason: `404 Not Found`. The reason may be empty; it has no control characters.
  demand(typeof status === 'string', () => `the status is ${show(status)}, not a string like "200 OK"`)
  const match = /^([1-9][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*$/.exec(status)
  demand(match !== null, () => `the status ${show(status)} is not three digits, a space and a reason, like "200 OK"`)
  // ## - It is a final status, 200 or above.
  demand(Number(match[1]) >= 200, () => `the status ${show(status)} is not final: an app cannot send 1xx responses`)
  return Number(match[1])
}

function checkHeaders(headers: unknown): void {
  const demand: Demand = demandFor('LINT_HEADERS', 'app')
  // ## - Headers are an array of pairs of strings, `[['Content-Type', 'text/plain']]`. A field that comes several times has several pairs.
  demand(Array.isArray(headers), () => `headers are ${show(headers)}, not an array of [name, value] pairs`)
  for (const pair of headers) {
    const strings =
      Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string'
    demand(strings, () => `a header is ${show(pair)}, not a pair of strings`)
    const [name, value] = pair as [string, string]
    // ## - A name is a token (RFC 9110 5.6.2) that does not end with `-` or `_`.
    demand(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name), () => `the header name ${show(name)} is not a token`)
    demand(!/[-_]$/.test(name), () => `the header name ${show(name)} ends with - or _`)
    // ## - `Status` is no header: the status is the first argument.
    demand(name.toLowerCase() !== 'status', 'Status is no header: the status is the first argument of startResponse')
    // ## - Fields that belong to one connection are not the app's: Connection, Keep-Alive, Proxy-Authenticate, Proxy-Authorization,
    // ##   Proxy-Connection, TE, Trailer, Trailers, Transfer-Encoding, Upgrade (RFC 9110 7.6.1), and what its Connection names. Without lint
    // ##   they are left out of the response, and the log says so once for each app and field (HEADER_HOP_BY_HOP). A body that the app
    // ##   has put into chunks by itself stays in these chunks.
    demand(!fieldName(name).hop, `${name} is a hop-by-hop header: it belongs to the gateway`)
    // ## - A value is a native string (latin-1) without control characters, and without space around it.
    demand(
      !/[^\t\x20-\x7e\x80-\xff]/.test(value),
      () => `the value of ${name} holds a control character or one beyond latin-1: ${show(value)}`,
    )
    demand(!/^[ \t]|[ \t]$/.test(value), () => `the value of ${name} has space around it: ${show(value)}`)
  }
}

function describe(status: number, headers: readonly [string, string][]): Partial<LintedHead> {
  const demand: Demand = demandFor('LINT_HEADERS', 'app')
  const valuesOf = (wanted: string): string[] =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  const lengths = valuesOf('content-length')
  const kinds = valuesOf('content-type')
  // ## - Content-Length and Content-Type come once at most; Content-Length is a number. Without it the length is inferred where the body is
  // ##   an array, else the end of the response tells. Without lint several Content-Length that agree are sent as one; that differ are an error.
  demand(lengths.length <= 1 && kinds.length <= 1, 'Content-Length or Content-Type is there more than once')
  const [length] = lengths
  demand(length === undefined || /^[0-9]{1,15}$/.test(length), () => `Content-Length is ${show(length)}, not a number`)
  // ## - 204 and 304 have no Content-Type, 204 has no Content-Length (RFC 9110 8.6): there is no content.
  demand(
    kinds.length === 0 || (status !== 204 && status !== 304),
    `Content-Type in a response with status ${status}, which has no content`,
  )
  demand(length === undefined || status !== 204, 'Content-Length in a response with status 204, which has no content')
  return { status, length: length === undefined ? undefined : Number(length), hasType: kinds.length > 0 }
}
