// Listening sockets that this process was started with: those of systemd (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES),
// and where the socket behind a number listens.
import { fstatSync, readFileSync } from 'node:fs'
import type { AddressInfo, Server } from 'node:net'
import { ConfigError } from '../errors.ts'
import { checkSystem, parseListenAddress, type Endpoint } from '../address.ts'
import type { ListenerSettings } from './settings.ts'

/** The first one that systemd hands down. */
const FIRST = 3

/** A socket handed down. */
interface Socket {
  readonly fd: number
  readonly name: string
}

/**
 * The settings of a listener; where its address stands for the sockets of systemd, a copy for each with its number as address.
 * @param path the settings' place, for errors
 * @param pid the process that systemd has started
 * @throws {ConfigError} ADDRESS_BAD, ADDRESS_SYSTEM; INHERITED_NONE when no socket, or none of this name, was handed down to this process
 */
export function handedDown(
  settings: ListenerSettings,
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  pid: number = process.pid,
): ListenerSettings[] {
  const { protocol, endpoint } = parseListenAddress(settings.address, `${path}.address`)
  if (endpoint.kind !== 'systemd') return [settings]
  checkSystem(endpoint, `${path}.address`)
  const sockets = socketsOf(environment, pid, `${path}.address`)
  const chosen = sockets.filter(({ name }) => endpoint.name === undefined || name === endpoint.name)
  if (chosen.length === 0) {
    const names = sockets.map(({ name, fd }) => name || `fd:${fd}`).join(', ')
    throw none(
      `${path}.address`,
      `systemd handed down no socket called ${endpoint.name} (FileDescriptorName=); there are ${names}`,
    )
  }
  const scheme = protocol === undefined ? '' : `${protocol}://`
  return chosen.map(({ fd }) => ({ ...settings, address: `${scheme}fd:${fd}` }))
}

function socketsOf(environment: Readonly<Record<string, string | undefined>>, own: number, path: string): Socket[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = environment
  if (count === '')
    throw none(path, 'systemd handed down no sockets (LISTEN_FDS is not set): start this by its .socket unit')
  if (pid !== String(own)) {
    throw none(
      path,
      `the sockets of systemd are for process ${pid}, and this is ${own}: have ExecStart= run sidegate itself, without npm, npx or a shell in between`,
    )
  }
  if (!/^[1-9][0-9]{0,3}$/.test(count)) throw none(path, `LISTEN_FDS is ${JSON.stringify(count)}`)
  const list = names.split(':')
  return Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, name: list[index] ?? '' }))
}

function none(path: string, message: string): ConfigError {
  return new ConfigError('INHERITED_NONE', path, message)
}

/** Where a server listens that was given a number: the path of a Unix socket is empty where the system does not tell it. */
export function endpointOf(server: Server, fd: number): Endpoint {
  const address = server.address() as AddressInfo | null
  if (address) return { kind: 'tcp', host: address.address, port: address.port }
  return { kind: 'unix', path: pathOf(fd) }
}

/** Linux lists its Unix sockets with their inode and path. */
function pathOf(fd: number): string {
  try {
    const { ino } = fstatSync(fd)
    const line = readFileSync('/proc/net/unix', 'utf8').match(new RegExp(`^(?:\\S+ +){6}${ino} (.+)$`, 'm'))
    return line?.[1] ?? ''
  } catch {
    return ''
  }
}
