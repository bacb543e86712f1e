// The places of Unit's control API: what PUT, POST and DELETE make of a value.
import { isList, isObject, type Json } from '../../../plugin/unit/json.ts'

/** There is nothing, or nothing that something could be put into. */
export class Missing extends Error {}

/** What a request does to the value at its place; undefined deletes it. */
export type Deed = (there: Json | undefined) => Json | undefined

/** The value with the deed done at a path of decoded segments. @throws {Missing} */
export function changed(value: Json | undefined, path: readonly string[], deed: Deed): Json | undefined {
  const [step, ...rest] = path
  if (step === undefined) return deed(value)
  if (isList(value)) {
    const index = /^\d+$/.test(step) ? Number(step) : Number.NaN
    // One behind the last appends.
    if (!(index < value.length || (index === value.length && rest.length === 0))) throw new Missing()
    const inner = changed(value[index], rest, deed)
    return value.toSpliced(index, 1, ...(inner === undefined ? [] : [inner]))
  }
  if (!isObject(value)) throw new Missing()
  if (rest.length > 0 && !Object.hasOwn(value, step)) throw new Missing()
  const inner = changed(Object.hasOwn(value, step) ? value[step] : undefined, rest, deed)
  if (inner !== undefined) return { ...value, [step]: inner }
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== step))
}

/** The value at a path. @throws {Missing} */
export function found(value: Json | undefined, path: readonly string[]): Json {
  let here = value
  for (const step of path) {
    if (isList(here)) here = /^\d+$/.test(step) ? here[Number(step)] : undefined
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  }
  if (here === undefined) throw new Missing()
  return here
}
