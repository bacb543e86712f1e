// How many connections a listener has, in all and of one peer: each may hold a head of 64 KB, and all have one place in the table of open
// files, which the system does not tell anybody is full: it closes what comes then without a word. Who is turned away here is told of in the
// log, at once and then once a minute.
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { PeerError, UpstreamError, type SidegateError } from '../errors.ts'
import { addressGroups, plainAddress } from '../peers.ts'
import { handleOf } from './passing.ts'
import type { ListenerSettings } from './settings.ts'

/** Of a peer that the settings do not name, and that is not this machine: more than a browser or a crowd behind one address needs. */
const STRANGER_MAX = 256
/** Places in the table of open files that are kept for what requests need: files, pipes, connections to upstreams. */
const FILES_SPARE = 64
const TELL_MS = 60_000

/** The connections of one listener. */
export class Crowd {
  readonly #settings: Pick<ListenerSettings, 'connections' | 'connectionsPerPeer'>
  readonly #known: (address: string) => boolean
  readonly #warn: (error: SidegateError, socket: Socket) => void
  readonly #byPeer = new Map<string, number>()
  readonly #files = filesMax()
  /** By the code: what one peer does must not keep from the log that the files run out. */
  readonly #refusals = new Map<string, Refusals>()
  #size = 0

  /** `known`: whether the settings name an address; `warn` writes to the log. */
  constructor(
    settings: Pick<ListenerSettings, 'connections' | 'connectionsPerPeer'>,
    known: (address: string) => boolean,
    warn: (error: SidegateError, socket: Socket) => void,
  ) {
    this.#settings = settings
    this.#known = known
    this.#warn = warn
  }

  /** Takes a connection in, until `leave`; false: it is to be closed. */
  enter(socket: Socket): boolean {
    const peer = peerOf(socket)
    const error = this.#full(socket, peer)
    if (error) {
      this.#refuse(error, socket)
      return false
    }
    this.#size++
    if (peer !== undefined) this.#byPeer.set(peer, (this.#byPeer.get(peer) ?? 0) + 1)
    socket.once('close', () => this.#leave(peer))
    return true
  }

  #leave(peer: string | undefined): void {
    this.#size--
    if (peer === undefined) return
    const left = this.#byPeer.get(peer)! - 1
    if (left > 0) this.#byPeer.set(peer, left)
    else this.#byPeer.delete(peer)
  }

  #full(socket: Socket, peer: string | undefined): SidegateError | undefined {
    const { connections } = this.#settings
    // POSIX: the lowest number that is free is what a new one gets.
    if ((handleOf(socket)?.fd ?? -1) >= this.#files)
      return new UpstreamError(
        'FILES_MAX',
        'this process may open no more files, and connections are files: raise its limit',
        503,
      )
    if (this.#size >= connections)
      return new UpstreamError(
        'CONNECTIONS_MAX',
        `there are ${connections} connections, as many as \`connections\` allows`,
        503,
      )
    if (peer === undefined) return undefined
    const most = this.#settings.connectionsPerPeer ?? (this.#known(socket.remoteAddress!) ? Infinity : STRANGER_MAX)
    if ((this.#byPeer.get(peer) ?? 0) < most) return undefined
    const message = `the peer has ${most} connections, as many as \`connectionsPerPeer\` allows`
    return new PeerError('PEER_CONNECTIONS_MAX', message, 503)
  }

  #refuse(error: SidegateError, socket: Socket): void {
    const now = performance.now()
    const refusals = this.#refusals.get(error.code)
    if (refusals) {
      refusals.count++
      if (now - refusals.told < TELL_MS) return
      if (refusals.count > 1) error.message += ` (${refusals.count} connections were closed since the last such line)`
    }
    this.#refusals.set(error.code, { told: now, count: 0 })
    this.#warn(error, socket)
  }
}

/** When the last line in the log was written, and how many connections were closed since. */
interface Refusals {
  readonly told: number
  count: number
}

/** Who counts as one: an address; of IPv6 the network of 64 bits, as one machine has all of it. Undefined: a Unix socket or a named pipe. */
function peerOf({ remoteAddress }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined
  const address = plainAddress(remoteAddress)
  if (!address.includes(':')) return address
  return addressGroups(address).slice(0, 4).join(':')
}

/** The number above which no connection is kept; Infinity where the system does not say. */
function filesMax(): number {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return Infinity
  }
  const most = Number(/^Max open files +([0-9]+)/m.exec(limits)?.[1] ?? Infinity)
  return most - Math.min(FILES_SPARE, most / 4)
}
