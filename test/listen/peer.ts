// A peer that writes bytes and reads bytes: for requests that no well-behaved client would send.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseAddress, socketAddress } from '../../sidecar/address.ts'
import { uwsgi } from '../../sidecar/wire/uwsgi.ts'

/** Connects to an address as it is written in the configuration; the protocol in front does not matter. */
export async function connectTo(address: string): Promise<Socket> {
  const { endpoint } = parseAddress(address, 'test')
  const socket = connect(socketAddress(endpoint))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything that comes until the other side closes, as latin-1 text. */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => (text += chunk))
  // Not events.once: a reset is an end as well.
  if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
  return text
}

/** Sends `bytes`, gives everything that comes back until the other side closes. */
export async function talk(address: string, ...pieces: (string | Uint8Array)[]): Promise<string> {
  const socket = await connectTo(address)
  const answer = readAll(socket)
  for (const piece of pieces) {
    socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
    // Each piece is a read of its own on the other side.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return await answer
}

/** A uwsgi packet for a GET, with variables added or replaced. */
export function uwsgiRequest(path: string, more: Record<string, string> = {}): Uint8Array {
  return uwsgi.client().request(
    {
      REQUEST_METHOD: 'GET',
      REQUEST_URI: path,
      PATH_INFO: path.split('?')[0]!,
      QUERY_STRING: path.split('?')[1] ?? '',
      SERVER_PROTOCOL: 'HTTP/1.1',
      HTTP_HOST: 'example.com',
      REMOTE_ADDR: '192.0.2.7',
      ...more,
    },
    0,
  )
}

/** The body of an answer in HTTP's shape. */
export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}
