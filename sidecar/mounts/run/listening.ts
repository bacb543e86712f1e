// Whether somebody listens at a place, asked of the kernel where it tells: a connection that closes without a byte ends some programs, and
// others log a traceback.
import { readFile, stat } from 'node:fs/promises'
import type { Endpoint } from '../../address.ts'
import { whyNot } from '../../connect/try.ts'
import { readTcpTable } from '../../tcp-table.ts'

/** proc(5), /proc/net/unix: the flag __SO_ACCEPTCON, and what stands before the path: number, references, protocol, flags, type, state, inode. */
const UNIX_LINE = /^[0-9A-F]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]{8}) [0-9A-F]{4} [0-9A-F]{2} +\d+ (.*)$/i
const ACCEPTS = 0x1_0000
/** proc(5), /proc/net/tcp: the state LISTEN. */
const LISTEN = '0A'
/** 127.0.0.1, 0.0.0.0, and both inside of IPv6, as /proc writes them on machines of either byte order. */
const LOOPBACK = /^(?:0{24}|0{16}(?:0000FFFF|FFFF0000))?(?:0100007F|7F000001|00000000)$/
/** `::`: whether it takes IPv4 too is not to be seen. */
const ANY_6 = '0'.repeat(32)

/** Whether connections to it are accepted. `unsure`: the kernel does not tell, so that a connection has to be tried. */
export async function listens(endpoint: Endpoint): Promise<boolean> {
  const told = await asked(endpoint)
  return told === 'unsure' ? (await whyNot(endpoint, 0)) === undefined : told
}

function asked(endpoint: Endpoint): Promise<boolean | 'unsure'> {
  if (endpoint.kind === 'tcp') return tcpListens(endpoint.port)
  return endpoint.kind === 'unix' ? unixListens(endpoint.path) : Promise.resolve('unsure')
}

async function unixListens(path: string): Promise<boolean | 'unsure'> {
  // Before the table is read: what is bound by this name now has to be in it.
  if (!(await stat(path).catch(() => undefined))) return false
  const table = await readFile('/proc/net/unix', 'latin1').catch(() => undefined)
  if (table === undefined) return 'unsure'
  const name = Buffer.from(path).toString('latin1')
  let bound = false
  for (const line of table.split('\n')) {
    const [, flags, itsName] = UNIX_LINE.exec(line) ?? []
    if (itsName !== name) continue
    if ((Number.parseInt(flags!, 16) & ACCEPTS) !== 0) return true
    bound = true
  }
  // Else it was bound by another name, and given this one later.
  return bound ? false : 'unsure'
}

async function tcpListens(port: number): Promise<boolean | 'unsure'> {
  const table = await readTcpTable()
  if (!table) return 'unsure'
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const { local, state } of table) {
    if (state !== LISTEN || !local.endsWith(wanted)) continue
    const address = local.slice(0, -wanted.length)
    if (address === ANY_6) return 'unsure'
    if (LOOPBACK.test(address)) return true
  }
  return false
}
