// Where a host cannot tell a response that breaks off from one that is complete. uwsgi and SCGI have no mark for the end of a response but that
// of the connection, and a Unix socket has no reset: only a Content-Length tells.
import type { SocketEndpoint } from '../sidecar/address.ts'
import { protocolCalled } from '../sidecar/wire/index.ts'

/**
 * Comment lines with the two ways out; none where the host can tell.
 * @param label the host's name for people
 */
export function brokenOffNote(label: string, protocol: string, endpoint: SocketEndpoint): string[] {
  if (endpoint.kind !== 'unix' || protocolCalled(protocol)?.framed) return []
  return [
    `# Over a Unix socket ${label} takes a response without Content-Length that breaks off for a complete one. It can tell when`,
    '# Sidegate listens on 127.0.0.1:3031 in place of the socket, or, where there are no WebSockets, by `--protocol fastcgi`.',
  ]
}
