// Which action a request comes to: Unit's routes, as its documentation has them (source/configuration, "Matching conditions").
import { isList, isObject, member, type Json, type JsonObject } from '../../../plugin/unit/json.ts'

/** What is matched of a request. */
export interface Matched {
  readonly method: string
  readonly host: string
  /** Decoded, dots and repeated slashes resolved. */
  readonly uri: string
}

/** The action for a request that came to `pass`; undefined when no step matches. */
export function actionFor(config: JsonObject, pass: string, request: Matched): JsonObject | undefined {
  const [kind, name] = pass.split('/').map(decodeURIComponent)
  if (kind !== 'routes') throw new Error(`pass to ${pass}`)
  const routes = member(config, 'routes')
  const steps = name === undefined ? routes : member(routes, name)
  for (const step of isList(steps) ? steps : []) {
    if (!matches(member(step, 'match'), request)) continue
    const action = member(step, 'action') as JsonObject
    return typeof action.pass === 'string' ? actionFor(config, action.pass, request) : action
  }
  return undefined
}

function matches(match: Json | undefined, request: Matched): boolean {
  return Object.entries(isObject(match) ? match : {}).every(([property, patterns]) => {
    if (property !== 'host' && property !== 'uri' && property !== 'method') throw new Error(`a match on ${property}`)
    return fits((isList(patterns) ? patterns : [patterns]).map(String), request[property])
  })
}

/** One of the patterns without `!` fits, where there are any; none of those with it does. */
function fits(patterns: readonly string[], value: string): boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'))
  const refused = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))
  const one = (pattern: string): boolean => expression(pattern).test(value)
  return (wanted.length === 0 || wanted.some(one)) && !refused.some(one)
}

function expression(pattern: string): RegExp {
  // PCRE, of which no more is needed here than letters of either case.
  if (pattern.startsWith('~'))
    return new RegExp(pattern.replace(/^~(?:\(\?i\))?/, ''), pattern.startsWith('~(?i)') ? 'i' : '')
  const parts = pattern
    .split('*')
    .map((part) => decodeURIComponent(part).replaceAll(/[\\^$.*|?+()[\]{}]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
