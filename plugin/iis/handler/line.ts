// The client's end of a lifeline (sidecar/cli/lifeline.ts).
import { connect, type Socket } from 'node:net'
import { parseAddress, socketAddress } from '../../../sidecar/address.ts'

/** For one try to take hold, in milliseconds. */
const TRY_MS = 2000

export class Line {
  /** True once Sidegate serves; false when it has ended before. */
  readonly ready: Promise<boolean>
  /** Sidegate has ended. */
  lost = false
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    this.ready = new Promise((resolve) => {
      socket.once('data', () => resolve(true))
      socket.on('close', () => {
        this.lost = true
        resolve(false)
      })
    })
    socket.on('error', () => {})
    // The lifeline alone keeps no process alive.
    socket.unref()
  }

  /** Takes hold of one; undefined when nobody is there. */
  static hold(address: string): Promise<Line | undefined> {
    return new Promise((resolve) => {
      const socket = connect(socketAddress(parseAddress(address, 'lifeline').endpoint))
      const timer = setTimeout(() => socket.destroy(), TRY_MS)
      const none = (): void => resolve(undefined)
      socket.once('error', () => {})
      socket.once('close', none)
      socket.once('connect', () => {
        clearTimeout(timer)
        socket.off('close', none)
        resolve(new Line(socket))
      })
    })
  }

  /** Lets go. */
  close(): void {
    this.#socket.destroy()
  }
}
