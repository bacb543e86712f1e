// What is in flight on a connection, by the ids of the requests. Most connections have one at a time, and no Map then: see ../linked-list.ts.

/** Things by a number. */
export class ById<T> {
  #id = 0
  #only: T | undefined
  /** There while there is more than one. */
  #all: Map<number, T> | undefined

  get size(): number {
    return this.#all ? this.#all.size : this.#only === undefined ? 0 : 1
  }

  get(id: number): T | undefined {
    return this.#all ? this.#all.get(id) : id === this.#id ? this.#only : undefined
  }

  has(id: number): boolean {
    return this.get(id) !== undefined
  }

  set(id: number, item: T): void {
    if (this.#all) this.#all.set(id, item)
    else if (this.#only === undefined || this.#id === id) {
      this.#id = id
      this.#only = item
    } else {
      this.#all = new Map([
        [this.#id, this.#only],
        [id, item],
      ])
      this.#only = undefined
    }
  }

  delete(id: number): void {
    if (this.#all) {
      this.#all.delete(id)
      if (this.#all.size === 0) this.#all = undefined
    } else if (id === this.#id) this.#only = undefined
  }

  clear(): void {
    this.#only = this.#all = undefined
  }

  /** In the order in which they came. */
  values(): Iterable<T> {
    if (this.#all) return this.#all.values()
    return this.#only === undefined ? [] : [this.#only]
  }
}
