// What was thrown, in words. Apps throw anything: values that are no Error, objects without a prototype, errors whose own code throws when
// they are looked at. Nothing here throws.
import { whereToLook } from './stack.ts'

/** Its message, or the value itself as text. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return `a value that cannot be shown (${typeof thrown})`
  }
}

/** Its stack, as far as it says where to look; undefined where it has none. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? whereToLook(thrown.stack) : undefined
  } catch {
    return undefined
  }
}

/** The error that it is said to come from; undefined where none is to be had. */
export function causeOf(thrown: unknown): unknown {
  try {
    return (thrown as Error | null | undefined)?.cause
  } catch {
    return undefined
  }
}
