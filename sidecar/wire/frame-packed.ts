// A request as a frame carries it to a worker in Python: as frame-request.ts has it, but its variables as names and values with a NUL between
// them, which Python takes apart faster.
import type { FramedRequest } from './frame-request.ts'
import { packedText } from './packed.ts'
import { repeatedFields } from './repeated-fields.ts'

/**
 * The text of a request; undefined when a variable has a NUL in it. The names that the client spelled are left out. Ahead of the variables
 * come the fields that are one of them though they came apart, with how many they are.
 */
export function writePackedRequest(
  { name, length, window, upgradable, door, variables }: FramedRequest,
  fields: readonly string[] | undefined,
): string | undefined {
  const text = packedText(variables)
  if (text === undefined) return undefined
  const apart = fields ? repeatedFields(variables, fields) : undefined
  const repeated = apart ? `${apart.length / 2}\0${apart.join('\0')}` : ''
  return `${name}\0${length ?? ''}\0${window}\0${upgradable ? 1 : ''}\0${door}\0${repeated}\0${text}`
}
