// A response as it is known before its body has come.
import * as v from 'valibot'
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

const pairs = v.array(v.strictTuple([v.string(), v.string()]))
const seconds = v.pipe(v.number(), v.finite())

/** It as a file has it. */
export const describedSchema = v.object({
  url: v.string(),
  apart: v.string(),
  vary: pairs,
  head: v.object({
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(999)),
    reason: v.string(),
    headers: pairs,
  }),
  times: v.object({
    received: seconds,
    age: seconds,
    lifetime: seconds,
    whileRevalidate: seconds,
    ifError: seconds,
  }),
})
