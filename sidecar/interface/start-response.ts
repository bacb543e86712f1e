// `startResponse` and the write callable it returns (PEP 3333, "The start_response() Callable").
import { AppError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { parseStatus } from '../wire/head.ts'
import { checkChunk } from './chunk.ts'
import type { HeaderTuple, StartResponse, Write } from './types.ts'

const DONE: Promise<void> = Promise.resolve()
const ignore = (): void => {}

/** The startResponse for one call of an app. It throws AppError into the app: STATUS_LINE, HEADER_…, HEAD_TWICE. */
export function startResponseFor(exchange: Exchange): StartResponse {
  let called = false
  return (line, headers, excInfo) => {
    if (excInfo !== undefined && excInfo !== null) {
      // The head is gone: the app's error handler cannot help any more, so the error goes on as if it had not been caught.
      if (exchange.headSent) throw excInfo
    } else if (called) {
      throw new AppError('HEAD_TWICE', 'the app called startResponse a second time without excInfo')
    }
    if (typeof line !== 'string')
      throw new AppError('STATUS_LINE', `status ${JSON.stringify(line)} is no string like "200 OK"`)
    const { status, reason } = parseStatus(line)
    if (status < 200)
      throw new AppError('STATUS_LINE', `status ${line} is no final status: an app cannot send 1xx responses`)
    checkPairs(headers)
    exchange.respond({ status, reason, headers })
    called = true
    return writeFor(exchange)
  }
}

/** @throws {AppError} HEADER_LIST */
export function checkPairs(headers: readonly HeaderTuple[]): void {
  if (!Array.isArray(headers)) throw new AppError('HEADER_LIST', 'headers must be an array of [name, value] pairs')
  for (const pair of headers as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      throw new AppError('HEADER_LIST', `a header must be a pair of strings, not ${JSON.stringify(pair)}`)
    }
  }
}

function writeFor(exchange: Exchange): Write {
  return (chunk) => {
    try {
      if (exchange.write(checkChunk(chunk))) return DONE
      const drained = exchange.drained()
      // An app need not wait for its writes; a client that goes away must not become an unhandled rejection then.
      drained.catch(ignore)
      return drained
    } catch (error) {
      if (!exchange.aborted) exchange.fail(error)
      const rejected = Promise.reject(error as Error)
      rejected.catch(ignore)
      return rejected
    }
  }
}
