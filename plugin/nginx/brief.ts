// One line of nginx's config that serves everything that is mounted.
import { formatEndpoint } from '../../sidecar/address.ts'
import type { PlugInput } from '../host.ts'
import { endpointFor, isTaken } from '../listener.ts'

/**
 * By uwsgi when a listener takes it, else by HTTP. Sidegate itself finds the mount.
 * @throws {ConfigError} PLUG_LISTENER
 */
export function brief(input: PlugInput): string {
  if (isTaken(input, 'uwsgi')) {
    const uwsgi = formatEndpoint(endpointFor(input, 'uwsgi'))
    return `location / { include uwsgi_params; uwsgi_param HTTP_HOST $http_host if_not_empty; uwsgi_pass ${uwsgi}; }`
  }
  const http = formatEndpoint(endpointFor(input, 'http'))
  return `location / { proxy_pass http://${http}; proxy_set_header Host $http_host; }`
}
