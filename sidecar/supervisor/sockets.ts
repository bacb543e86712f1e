// The listening sockets, kept from gateway to gateway. Nobody accepts here: a socket that is kept open refuses nobody, whoever comes and goes.
import { closeSync } from 'node:fs'
import type { HandedSocket, RawHandle } from '../succession.ts'
import { releasePath } from '../unix-socket.ts'

/** Hears of a socket that is kept. */
export type KeptListener = (listener: string, handle: RawHandle, file: HandedSocket['file']) => void

interface Kept {
  /** Of one that a gateway has made. */
  readonly handle?: RawHandle
  readonly fd: number
  readonly file: HandedSocket['file']
  /** Whoever started this process has made it, and makes it only once: it is kept whether a gateway uses it or not. */
  readonly inherited: boolean
  close(): void
}

/** By the keys of their listeners. */
export class KeptSockets {
  readonly #sockets = new Map<string, Kept>()

  /** Keeps one, in the place of another one for the same listener. */
  add(listener: string, handle: RawHandle, file: HandedSocket['file']): void {
    this.#put(listener, { handle, fd: handle.fd, file, inherited: false, close: () => handle.close() })
  }

  /** Keeps one that this process was started with. */
  inherit(listener: string, { fd, file, inherited = true }: HandedSocket): void {
    this.#put(listener, { fd, file, inherited, close: () => closeSync(fd) })
  }

  /** Those for a gateway that is started, and of others: `from` is the number that the first will have there. */
  handDown(
    from: number,
    others?: KeptSockets,
  ): { readonly numbers: number[]; readonly sockets: Record<string, HandedSocket> } {
    const all = [...new Map([...this.#sockets, ...(others ? others.#sockets : [])])]
    const sockets = all.map(
      ([key, { file, inherited }], index) => [key, { fd: from + index, file, inherited }] as const,
    )
    return { numbers: all.map(([, { fd }]) => fd), sockets: Object.fromEntries(sockets) }
  }

  /** Takes over all of another one; `taken` hears of each. */
  takeAll(others: KeptSockets, taken: KeptListener): void {
    for (const [listener, kept] of others.#sockets) {
      if (kept.handle) taken(listener, kept.handle, kept.file)
      this.#put(listener, kept)
    }
    others.#sockets.clear()
  }

  /** Gives up those that no gateway uses any more. */
  keepOnly(listeners: readonly string[]): void {
    for (const [key, { inherited }] of this.#sockets) if (!inherited && !listeners.includes(key)) this.#drop(key)
  }

  /** Gives up all: their gateway is the last, and answers what waits there. */
  release(): void {
    for (const kept of this.#sockets.values()) kept.close()
    this.#sockets.clear()
  }

  #put(listener: string, kept: Kept): void {
    this.#sockets.get(listener)?.close()
    this.#sockets.set(listener, kept)
  }

  #drop(key: string): void {
    const kept = this.#sockets.get(key)!
    const path = /^unix:(.*)$/s.exec(key)?.[1]
    if (kept.file && path !== undefined) releasePath(path, kept.file)
    kept.close()
    this.#sockets.delete(key)
  }
}
