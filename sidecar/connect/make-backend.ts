// A backend of the kind that a server's protocol needs.
import { protocols } from '../wire/index.ts'
import type { Backend, BackendAddress, BackendOptions } from './backend.ts'
import { CodecBackend } from './codec-backend.ts'
import { HttpBackend } from './http-backend.ts'

/** Makes a backend; it connects nowhere yet. */
export function makeBackend(address: BackendAddress, options: BackendOptions): Backend {
  if (address.protocol === 'http' || address.protocol === 'https') return new HttpBackend(address, options)
  const protocol = protocols.find(({ name }) => name === address.protocol)
  if (!protocol) throw new TypeError(`no protocol ${address.protocol}`)
  return new CodecBackend(protocol, address, options)
}
