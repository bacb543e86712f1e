// Several things side by side, but not all of them at once.

/**
 * Does something with each of `all`, with `most` at a time. After a failure no more are begun; those under way go on.
 * @throws the first failure, at once
 */
export async function atMost<T>(most: number, all: Iterable<T>, act: (one: T) => Promise<void>): Promise<void> {
  const rest = all[Symbol.iterator]()
  let failed = false
  const work = async (): Promise<void> => {
    for (let next = rest.next(); !next.done && !failed; next = rest.next()) await act(next.value)
  }
  try {
    await Promise.all(Array.from({ length: most }, work))
  } finally {
    failed = true
  }
}
