// The listening sockets, kept from gateway to gateway. Nobody accepts here: a socket that is kept open refuses nobody, whoever comes and goes.
import type { HandedSocket, RawHandle } from '../succession.ts'
import { releasePath } from '../unix-socket.ts'

interface Kept {
  readonly handle: RawHandle
  readonly file: HandedSocket['file']
}

/** By the keys of their listeners. */
export class KeptSockets {
  readonly #sockets = new Map<string, Kept>()

  /** Keeps one, in the place of another one for the same listener. */
  add(listener: string, handle: RawHandle, file: HandedSocket['file']): void {
    this.#sockets.get(listener)?.handle.close()
    this.#sockets.set(listener, { handle, file })
  }

  /** Those for a gateway that is started: `from` is the number that the first will have there. */
  handDown(from: number): { readonly numbers: number[]; readonly sockets: Record<string, HandedSocket> } {
    const all = [...this.#sockets]
    const sockets = all.map(([key, { file }], index) => [key, { fd: from + index, file }] as const)
    return { numbers: all.map(([, { handle }]) => handle.fd), sockets: Object.fromEntries(sockets) }
  }

  /** Takes over all of another one. */
  takeAll(others: KeptSockets): void {
    for (const [listener, { handle, file }] of others.#sockets) this.add(listener, handle, file)
    others.#sockets.clear()
  }

  /** Gives up those that no gateway uses any more. */
  keepOnly(listeners: readonly string[]): void {
    for (const key of this.#sockets.keys()) if (!listeners.includes(key)) this.#drop(key)
  }

  /** Gives up all: their gateway is the last, and answers what waits there. */
  release(): void {
    for (const { handle } of this.#sockets.values()) handle.close()
    this.#sockets.clear()
  }

  #drop(key: string): void {
    const { handle, file } = this.#sockets.get(key)!
    const path = /^unix:(.*)$/s.exec(key)?.[1]
    if (file && path !== undefined) releasePath(path, file)
    handle.close()
    this.#sockets.delete(key)
  }
}
