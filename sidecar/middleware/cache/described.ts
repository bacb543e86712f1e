// A response as it is known before its body has come.
import type { Head } from '../../wire/head.ts'
import type { Key } from './key.ts'
import type { Times } from './policy.ts'

/** What is stored beside a body. */
export interface Described extends Key {
  /** Variables of the request and their values, by which the response was chosen. */
  readonly vary: readonly (readonly [name: string, value: string])[]
  readonly head: Head
  readonly times: Times
}
