// Things that come and go with requests, in the order in which they came.
//
// Not a Set or a Map: V8 puts a larger or a fresh table in the place of one that is full, and the old table points to the new one. Once
// one of them has grown old, it keeps alive all that was ever in any of the later ones, until the whole heap is collected: the
// collector of young objects then copies every request that there was.

/** An entry of a list. */
export interface Entry<T> {
  readonly item: T
  /** Undefined, both, once it was removed. */
  previous: Entry<T> | undefined
  next: Entry<T> | undefined
}

/** A doubly linked list. To add, and to remove by the entry that `add` gave, takes the same time however long it is. */
export class LinkedList<T> implements Iterable<T> {
  size = 0
  #first: Entry<T> | undefined
  #last: Entry<T> | undefined

  /** The entry of the item that has been there longest. */
  get first(): Entry<T> | undefined {
    return this.#first
  }

  add(item: T): Entry<T> {
    const entry: Entry<T> = { item, previous: this.#last, next: undefined }
    if (this.#last) this.#last.next = entry
    else this.#first = entry
    this.#last = entry
    this.size++
    return entry
  }

  /** In front of all others. */
  addFirst(item: T): Entry<T> {
    const entry: Entry<T> = { item, previous: undefined, next: this.#first }
    if (this.#first) this.#first.previous = entry
    else this.#last = entry
    this.#first = entry
    this.size++
    return entry
  }

  /** @returns false when it is no longer there. */
  remove(entry: Entry<T>): boolean {
    const { previous, next } = entry
    if (!previous && this.#first !== entry) return false
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    entry.previous = entry.next = undefined
    this.size--
    return true
  }

  /** The items; what happens to the list meanwhile does not change which. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    const items: T[] = []
    for (let entry = this.#first; entry; entry = entry.next) items.push(entry.item)
    yield* items
  }
}
