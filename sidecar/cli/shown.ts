// Numbers as people read them.

/** Milliseconds, with the unit that fits: `0.4 ms`, `12 ms`, `3.4 s`, `5 min`, `7 h`, `3 d`. */
export function shownTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return ''
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

/** As much of a text as has room, with a mark where something is left out. */
export function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}

/** Bytes as megabytes (2^20). */
export function shownMemory(bytes: number | undefined): string {
  return bytes === undefined ? '' : `${Math.round(bytes / 2 ** 20)} MB`
}

/** How long ago a time was; ISO 8601. `now`: milliseconds since 1970. */
export function shownSince(time: string, now: number): string {
  return shownTime(Math.max(0, now - Date.parse(time)))
}
