// A backend of the kind that a server's protocol needs.
import type { Backend, BackendAddress, BackendOptions } from './backend.ts'
import { CodecBackend } from './codec-backend.ts'
import { HttpBackend } from './http-backend.ts'

/** Makes a backend; it connects nowhere yet. */
export function makeBackend(address: BackendAddress, options: BackendOptions): Backend {
  const { protocol } = address.scheme
  return protocol.gateway ? new CodecBackend(protocol, address, options) : new HttpBackend(address, options)
}
