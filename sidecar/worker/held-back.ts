// What an app has written that its client has no room for yet: it stays in the memory of the process that the app runs in.

/** Pieces of one response, in their order. */
export class HeldBack {
  readonly #pieces: Uint8Array[] = []

  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes)
  }

  /** The next bytes, so many at most; undefined: there are none. */
  take(most: number): Uint8Array | undefined {
    const [first] = this.#pieces
    if (first === undefined || first.byteLength <= most) return this.#pieces.shift()
    this.#pieces[0] = first.subarray(most)
    return first.subarray(0, most)
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }
}
