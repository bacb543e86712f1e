// Apps throw anything, and each of it becomes an error with words.
import { expect, test } from 'vitest'
import { isAbortOf } from '../../sidecar/abort.ts'
import { toSidegateError } from '../../sidecar/errors.ts'
import { causeOf, messageOf, stackOf } from '../../sidecar/thrown.ts'

const fail = (): never => {
  throw new Error('looked at')
}
const refuses = new Proxy({}, { get: fail, getPrototypeOf: fail, has: fail })
const noMessage = Object.defineProperty(new Error('x'), 'message', { get: fail })
const noStack = Object.defineProperty(new Error('x'), 'stack', { get: fail })

const UNSHOWN = 'a value that cannot be shown (object)'
// By name, as who reports a test looks at its values.
const ODD: Record<string, readonly [thrown: unknown, message: string]> = {
  text: ['text', 'text'],
  nothing: [undefined, 'undefined'],
  'a symbol': [Symbol('odd'), 'Symbol(odd)'],
  'an error': [new Error('words'), 'words'],
  'an object without a prototype': [Object.create(null), UNSHOWN],
  'a proxy': [refuses, UNSHOWN],
  'an error whose message raises': [noMessage, UNSHOWN],
  'an object whose toString raises': [{ toString: fail }, UNSHOWN],
}

test.each(Object.keys(ODD))('what was thrown has words: %s', (name) => {
  const [thrown, message] = ODD[name]!
  expect(messageOf(thrown)).toBe(message)
  const error = toSidegateError(thrown)
  expect([error.code, error.message]).toEqual(['APP_RAISED', `the app raised: ${message}`])
})

test('what has no stack or cause, or hides it, has none', () => {
  for (const thrown of [undefined, 'text', refuses, noStack]) expect(stackOf(thrown)).toBeUndefined()
  for (const thrown of [undefined, 'text', refuses, new Error('x')]) expect(causeOf(thrown)).toBeUndefined()
  expect(isAbortOf(AbortSignal.abort(), refuses)).toBe(false)
})
