// Things that come and go with requests, in the order in which they came.
//
// Not a Set or a Map: V8 puts a larger or a fresh table in the place of one that is full, and the old table points to the new one. Once
// one of them has grown old, it keeps alive all that was ever in any of the later ones, until the whole heap is collected: the
// collector of young objects then copies every request that there was.

/** A place in a list. */
export interface Link<T> {
  readonly item: T
  /** Undefined, both, once it was removed. */
  previous: Link<T> | undefined
  next: Link<T> | undefined
}

/** A doubly linked list. To add, and to remove by the link that `add` gave, takes the same time however long it is. */
export class LinkedList<T> implements Iterable<T> {
  size = 0
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  /** The place of the item that has been there longest. */
  get first(): Link<T> | undefined {
    return this.#first
  }

  add(item: T): Link<T> {
    const link: Link<T> = { item, previous: this.#last, next: undefined }
    if (this.#last) this.#last.next = link
    else this.#first = link
    this.#last = link
    this.size++
    return link
  }

  /** In front of all others. */
  addFirst(item: T): Link<T> {
    const link: Link<T> = { item, previous: undefined, next: this.#first }
    if (this.#first) this.#first.previous = link
    else this.#last = link
    this.#first = link
    this.size++
    return link
  }

  /** @returns false when it is no longer there. */
  remove(link: Link<T>): boolean {
    const { previous, next } = link
    if (!previous && this.#first !== link) return false
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    link.previous = link.next = undefined
    this.size--
    return true
  }

  /** The items; what happens to the list meanwhile does not change which. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    const items: T[] = []
    for (let link = this.#first; link; link = link.next) items.push(link.item)
    yield* items
  }
}
