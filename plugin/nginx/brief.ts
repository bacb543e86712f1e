// One line of nginx's config that serves everything that is mounted.
import { formatEndpoint } from '../../sidecar/listen/address.ts'
import type { PlugInput } from '../host.ts'
import { endpointFor } from '../listener.ts'

/**
 * By uwsgi when a listener takes it, else by HTTP. Sidegate itself finds the mount.
 * @throws {ConfigError} PLUG_LISTENER
 */
export function brief(input: PlugInput): string {
  const uwsgi = takes(input, 'uwsgi')
  if (uwsgi !== undefined) return `location / { include uwsgi_params; uwsgi_pass ${uwsgi}; }`
  const http = formatEndpoint(endpointFor(input, 'http'))
  return `location / { proxy_pass http://${http}; proxy_set_header Host $http_host; }`
}

function takes(input: PlugInput, protocol: string): string | undefined {
  try {
    return formatEndpoint(endpointFor(input, protocol))
  } catch {
    return undefined
  }
}
