// Where a request came in, as it is told to the process that answers it.
import type { Door } from '../carrier.ts'

/** The text of a door: latin-1, without a NUL. */
export function writeDoor({ protocol, address, hop = false, once = false }: Door): string {
  return `${protocol}\n${encodeURI(address)}\n${hop ? 1 : ''}\n${once ? 1 : ''}`
}

/** The door that `writeDoor` was given. */
export function readDoor(text: string): Door {
  const [protocol, address, hop, once] = text.split('\n') as [string, string, string, string]
  return { protocol, address: decodeURI(address), hop: hop !== '', once: once !== '' }
}
