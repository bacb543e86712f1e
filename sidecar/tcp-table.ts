// The TCP connections and listeners of this machine, as proc_net_tcp(5) has them. Linux only.
import { readFile } from 'node:fs/promises'

/** A line of the table; an end is its address in words of four bytes, each as a number of this machine, and the port: `0100007F:1F90`. */
export interface TcpRow {
  readonly local: string
  readonly remote: string
  /** Two hexadecimal digits, such as `0A` for LISTEN. */
  readonly state: string
  /** `0`: it belongs to nobody any more. */
  readonly inode: string
}

/** The rows of IPv4 and IPv6; undefined where the system does not tell. */
export async function readTcpTable(): Promise<TcpRow[] | undefined> {
  const [four, six] = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(read))
  return four && [...four, ...(six ?? [])]
}

async function read(file: string): Promise<TcpRow[] | undefined> {
  const text = await readFile(file, 'latin1').catch(() => undefined)
  return text
    ?.split('\n')
    .slice(1)
    .map((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/ +/)
      return { local, remote, state, inode }
    })
}
