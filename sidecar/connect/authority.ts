// How a server is named in a URL: host and port.
import type { BackendAddress } from './backend.ts'

type Place = Pick<BackendAddress, 'scheme' | 'endpoint' | 'host'>

/** Its name, or its address; `localhost` where it has neither. */
export function hostOf({ host, endpoint }: Place): string {
  return host ?? (endpoint.kind === 'tcp' ? endpoint.host : 'localhost')
}

/** The same with the port, where that is not the usual one of the scheme. */
export function authorityOf(place: Place): string {
  const { endpoint, scheme } = place
  const host = hostOf(place)
  const usual = endpoint.kind !== 'tcp' || endpoint.port === scheme.port
  return (host.includes(':') ? `[${host}]` : host) + (usual ? '' : `:${endpoint.port}`)
}
