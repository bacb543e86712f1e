// Settings inside of settings.

/** Writes a value at a place, making what it needs on the way. What is there stays, unless `over`. */
export function put(target: Record<string, unknown>, at: readonly string[], value: unknown, over = true): void {
  let place = target
  for (const key of at.slice(0, -1)) place = (place[key] ??= {}) as Record<string, unknown>
  const last = at.at(-1)!
  if (over || place[last] === undefined) place[last] = value
}
