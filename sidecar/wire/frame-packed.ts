// A request as a frame carries it to a worker in Python: as frame-request.ts has it, but its variables as names and values with a NUL between
// them, which Python takes apart faster.
import type { FramedRequest } from './frame-request.ts'
import { packedText } from './packed.ts'

/** The text of a request; undefined when a variable has a NUL in it. The names that the client spelled are left out. */
export function writePackedRequest({
  name,
  length,
  window,
  upgradable,
  door,
  variables,
}: FramedRequest): string | undefined {
  const text = packedText(variables)
  return text === undefined
    ? undefined
    : `${name}\0${length ?? ''}\0${window}\0${upgradable ? 1 : ''}\0${door}\0${text}`
}
