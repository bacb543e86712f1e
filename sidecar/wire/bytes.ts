// Bytes of a connection that are not a whole packet yet.

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Keeps the beginning of a packet until the rest comes, in a buffer that doubles: copying all for every piece would take
 * seconds for a trickle. How much it may keep is the business of who uses it.
 */
export class Beginning {
  #store: Buffer | undefined
  #size = 0

  /** Bytes kept. */
  get size(): number {
    return this.#size
  }

  /** What is kept with `bytes` behind it; `bytes` itself when nothing is. */
  join(bytes: Buffer): Buffer {
    return this.#size === 0 ? bytes : this.#append(bytes)
  }

  /** Keeps what `join` gave, whole or without packets at its front: those stay untouched. */
  keep(rest: Buffer): void {
    const store = this.#store
    const inPlace = store !== undefined && rest.buffer === store.buffer && rest.byteOffset === store.byteOffset
    if (inPlace && rest.length > 0) {
      this.#size = rest.length
      return
    }
    this.clear()
    // Copied: the caller may use its buffer again.
    if (rest.length > 0) this.#append(rest)
  }

  /** Forgets all. */
  clear(): void {
    this.#store = undefined
    this.#size = 0
  }

  #append(bytes: Buffer): Buffer {
    const size = this.#size + bytes.length
    if (this.#store === undefined || this.#store.length < size) {
      const grown = Buffer.allocUnsafeSlow(2 * size)
      this.#store?.copy(grown, 0, 0, this.#size)
      this.#store = grown
    }
    bytes.copy(this.#store, this.#size)
    this.#size = size
    return this.#store.subarray(0, size)
  }
}
