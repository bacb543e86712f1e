// Clients that have sent a whole request and closed their side of the connection. They may wait for the answer (`nc -N`, and whoever uses
// shutdown(2)), or be gone: a web server whose own client has left closes all of its connection, and over TCP both look the same here, an
// end of what is sent. So the system is asked, at once and then every second for as long as a request is under way:
// - A write of nothing is refused on a Unix socket whose other end is closed, and on a TCP connection that was reset: of that nobody hears
//   otherwise once all was read.
// - The other end of a TCP connection within this machine is in the system's own list, and belongs to nobody once it is closed (Linux).
// - Over a network the system asks by itself (TCP keep-alive), and the connection is reset once the other system has forgotten it: Linux
//   does after 60 s. So it is on systems without such lists.
import type { Socket } from 'node:net'
import { readTcpTable } from '../tcp-table.ts'
import { addressGroups } from '../peers.ts'

const LOOK_MS = 1000
const NOTHING = new Uint8Array(0)

/** States of proc_net_tcp(5) of an end that was closed, or half closed: FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSING. */
const CLOSED = /^(?:04|05|06|0B)$/

const watched = new Set<Socket>()
/** Those that have not been asked for yet: each once, as thousands may go at a time. */
const fresh = new Set<Socket>()
let soon: NodeJS.Immediate | undefined
let timer: NodeJS.Timeout | undefined
let looking = false

/** Destroys the socket when nobody is at the other end any more. Until `unwatch`. */
export function watch(socket: Socket): void {
  watched.add(socket)
  fresh.add(socket)
  socket.setKeepAlive(true, LOOK_MS)
  timer ??= setInterval(() => look(watched), LOOK_MS).unref()
  soon ??= setImmediate(lookAtFresh)
}

/** The connection is closed. */
export function unwatch(socket: Socket): void {
  fresh.delete(socket)
  if (!watched.delete(socket) || watched.size > 0) return
  clearInterval(timer)
  timer = undefined
}

function lookAtFresh(): void {
  soon = undefined
  look(fresh)
  fresh.clear()
}

function look(sockets: ReadonlySet<Socket>): void {
  const local = new Map<string, Socket>()
  for (const socket of sockets) {
    if (socket.destroyed) continue
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    socket.write(NOTHING)
    if (remoteAddress === undefined || localAddress === undefined) continue
    local.set(`${endpoint(remoteAddress, remotePort!)} ${endpoint(localAddress, localPort!)}`, socket)
  }
  if (local.size === 0 || looking) return
  looking = true
  void lookUp(local).finally(() => (looking = false))
}

async function lookUp(local: ReadonlyMap<string, Socket>): Promise<void> {
  for (const { local: from, remote, state, inode } of (await readTcpTable()) ?? []) {
    if (inode === '0' && CLOSED.test(state)) local.get(`${plain(from)} ${plain(remote)}`)?.destroy()
  }
}

/** An end as that table writes it. */
function endpoint(address: string, port: number): string {
  const bytes = address.includes('.')
    ? address
        .slice(address.lastIndexOf(':') + 1)
        .split('.')
        .map(Number)
    : addressGroups(address).flatMap((group) => [group >> 8, group & 255])
  let text = ''
  for (let at = 0; at < bytes.length; at += 4)
    text += [bytes[at + 3]!, bytes[at + 2]!, bytes[at + 1]!, bytes[at]!].map((byte) => hex(byte, 2)).join('')
  return `${text}:${hex(port, 4)}`
}

/** IPv4 in IPv6 as IPv4. */
function plain(text: string): string {
  return text.startsWith('0000000000000000FFFF0000') ? text.slice(24) : text
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
