// What a body is made of, and the words for what it is not.
import { types } from 'node:util'
import { AppError } from '../errors.ts'
import type { BodyChunk } from './types.ts'

/**
 * Gives the chunk back when it is bytes or a string.
 * @throws {AppError} BODY_TYPE
 */
export function checkChunk(chunk: unknown): BodyChunk {
  if (typeof chunk === 'string' || types.isUint8Array(chunk)) return chunk
  const hint = isThenable(chunk) ? ': only an async iterable may wait for its chunks' : ''
  throw new AppError('BODY_TYPE', `a chunk of the body must be a string or a Uint8Array, not ${nameOf(chunk)}${hint}`)
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** A value in a few words, for messages. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return `the ${typeof value} ${String(value).slice(0, 40)}`
  const name = (value.constructor as { name?: string } | undefined)?.name
  return name ? `a value of type ${name}` : 'an object'
}
