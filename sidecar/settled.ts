// Waiting for several promises, or for so long.

/** Waits for all, then throws the first failure: nothing is left half-started in the background. */
export async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises)
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1)
    throw new AggregateError(failures, failures.map((failure) => (failure as Error).message).join('\n'))
}

/**
 * Waits for a promise, or so many milliseconds; `late` is called when they are over first.
 * @throws what the promise does, in time
 */
export async function settledWithin(
  timeout: number,
  promise: Promise<unknown>,
  late: () => void = () => {},
): Promise<undefined> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late()
      resolve()
    }, timeout)
  })
  try {
    await Promise.race([promise, over])
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
