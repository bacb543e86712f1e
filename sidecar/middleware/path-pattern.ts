// Paths as layers name them in their settings: `/admin` is that path and all below it, `*.sql` a segment anywhere. Segments are compared
// whole, so that `/admin` is no part of `/administrator`, and in time that grows with the lengths alone.
import { ConfigError } from '../errors.ts'

/** Whether a path fits, by its segments: decoded, latin-1, as in PATH_INFO. */
export type PathPattern = (segments: readonly string[]) => boolean

/**
 * Reads a pattern. `*` in it stands for any characters of one segment.
 * @param text begins with a slash, or has none
 * @param path its place in the configuration
 * @param spelt how the paths that it is compared with are spelt, when that is not as they came
 * @throws {ConfigError} PATH_PATTERN
 */
export function parsePathPattern(text: string, path: string, spelt = (latin: string): string => latin): PathPattern {
  const latin = spelt(Buffer.from(text).toString('latin1'))
  if (text !== '' && !text.includes('/')) return (segments) => segments.some((segment) => fits(latin, segment))
  if (!text.startsWith('/') || /\/\/|\/\.\.?(?:\/|$)|[?#%]/.test(text)) {
    const message = `${JSON.stringify(text)} is no path: it begins with a slash, and stands as it is when decoded, without . and .. (/admin); or it is the name of one segment, without a slash (*.sql)`
    throw new ConfigError('PATH_PATTERN', path, message)
  }
  const wanted = segmentsOf(latin.replace(/\/$/, ''))
  return (segments) =>
    segments.length >= wanted.length && wanted.every((pattern, index) => fits(pattern, segments[index]!))
}

/** The segments of a path that begins with a slash, or is empty. */
export function segmentsOf(path: string): string[] {
  return path === '' ? [] : path.slice(1).split('/')
}

/** Goes back to the last star only: what an earlier one took could have been taken by that. */
function fits(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let retry = 0
  let index = 0
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at++
      retry = index
    } else if (at < pattern.length && pattern[at] === text[index]) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++retry
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
