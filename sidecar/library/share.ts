// What one of several gateways has of the worker processes of a mount: those of all of them together are as many as the setting says, as long as there
// is one for each.

/** Which of how many. */
export interface Share {
  /** From 0 on. */
  readonly place: number
  readonly of: number
}

/** The settings of a mount with its own number of processes. */
export function sharedSettings(settings: Readonly<Record<string, unknown>>, share: Share): Record<string, unknown> {
  const { processes } = settings
  if (typeof processes === 'number') return { ...settings, processes: partOf(processes, share) }
  if (typeof processes !== 'object' || processes === null) return settings
  const { min, max } = processes as { min?: number; max?: number }
  const bounds = {
    ...(min !== undefined && { min: min === 0 ? 0 : partOf(min, share) }),
    ...(max !== undefined && { max: partOf(max, share) }),
  }
  return { ...settings, processes: { ...processes, ...bounds } }
}

function partOf(number: number, { place, of }: Share): number {
  return Math.max(1, Math.floor(number / of) + (place < number % of ? 1 : 0))
}
