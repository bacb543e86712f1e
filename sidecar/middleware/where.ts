// Which requests a layer that guards is for, by their paths. Apps read paths in many ways: Express takes large letters for small ones, Tomcat
// cuts off what stands behind a semicolon, Windows dots behind a name, URL of Node.js takes a backslash for a slash, and what follows two of them
// for a host, folders take two slashes for one, and an encoded slash parts names or is a part of one. A path is guarded when any of these
// readings is, and left out when every one is: whoever spells a path in another way gets past no guard.
import * as v from 'valibot'
import { foldedPath } from '../file-names.ts'
import { resolveDots, type Variables } from '../variables.ts'
import { parsePathPattern, segmentsOf, type PathPattern } from './path-pattern.ts'
import { withNamedSlashes } from './rules/seen-path.ts'

const paths = (description: string) =>
  v.pipe(v.optional(v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))])), v.description(description))

/** The settings of a layer that may be for some paths only. */
export const whereEntries = {
  path: paths(
    'For these paths only, below the place of the layer: `/admin` is that path and all below it, `*.sql` a segment anywhere, in whichever letters. Unless set: all.',
  ),
  except: paths('But not for these, which are written in the same way.'),
}

/** What the settings say. */
export interface WhereSettings {
  readonly path?: string | readonly string[] | undefined
  readonly except?: string | readonly string[] | undefined
}

/** Whether a layer is for a request. @throws {PeerError} PATH_ABOVE_ROOT for a path that leads above the root in one of its readings */
export type Where = (variables: Variables) => boolean

/**
 * Reads the settings.
 * @param place of the layer in the configuration
 * @throws {ConfigError} PATH_PATTERN
 */
export function whereOf({ path, except }: WhereSettings, place: string): Where {
  const wanted = patterns(path, `${place}.path`, foldedLetters)
  const excused = patterns(except, `${place}.except`)
  return (variables) => {
    if (!wanted && !excused) return true
    const readings = readingsOf(variables)
    if (wanted && !readings.some((one) => coversAny(wanted, foldedLetters(one).replaceAll(/\/{2,}/g, '/'))))
      return false
    return !excused || !readings.every((one) => fitsAny(excused, segmentsOf(one)))
  }
}

function patterns(
  setting: string | readonly string[] | undefined,
  place: string,
  spelt?: (latin: string) => string,
): readonly PathPattern[] | undefined {
  if (setting === undefined) return undefined
  if (typeof setting === 'string') return [parsePathPattern(setting, place, spelt)]
  return setting.map((one, index) => parsePathPattern(one, `${place}.${index}`, spelt))
}

function fitsAny(patterns: readonly PathPattern[], segments: readonly string[]): boolean {
  return patterns.some((fits) => fits(segments))
}

/** As it is, as a script has it, or as a folder of Windows. */
function coversAny(patterns: readonly PathPattern[], path: string): boolean {
  const segments = segmentsOf(path)
  if (fitsAny(patterns, segments)) return true
  // Behind the name of a script stands what an app with a front controller takes for the path.
  const behind = path.replaceAll(/\/[^/]*\.php(?=\/)/g, '')
  if (behind !== path && coversAny(patterns, behind)) return true
  return /[. ](?:\/|$)|::\$data/.test(path) && fitsAny(patterns, segments.map(withoutTail))
}

/** Dots and blanks behind a name are nothing to Windows, and `::$data` is the file itself. */
function withoutTail(segment: string): string {
  let end = segment.length
  for (;;) {
    if (segment[end - 1] === '.' || segment[end - 1] === ' ') end--
    else if (segment.endsWith('::$data', end)) end -= '::$data'.length
    else return segment.slice(0, end)
  }
}

/** Which paths a path may be to an app. */
function readingsOf(variables: Variables): string[] {
  const path = variables.PATH_INFO!
  const readings = [path]
  const named = withNamedSlashes(variables)
  if (named !== undefined) readings.push(named)
  if (path.includes('\\')) readings.push(...readings.map((one) => resolveDots(one.replaceAll('\\', '/'))))
  if (path.includes(';')) readings.push(...readings.map((one) => resolveDots(one.replaceAll(/;[^/]*/g, ''))))
  // `new URL(target, base)` of Node.js and parse_url of PHP take `//host/path` for an address.
  if (/^[/\\]{2}/.test(path)) readings.push(...readings.map((one) => one.replace(/^\/*[^/]*/, '') || '/'))
  return readings
}

/** As Windows compares them, everywhere. */
function foldedLetters(path: string): string {
  return foldedPath(path, 'win32')
}
