// Which requests have nothing to do with the cache.
import { variableName, type Variables } from '../../variables.ts'

/** `cookie:session`, `header:X-Preview`, `query:preview`, or a variable, `REMOTE_USER`. */
export const CONDITION = /^(?:(?:cookie|header|query):[^\s:;,=&]+|[A-Z][A-Z0-9_]*)$/

type Condition = (variables: Variables) => boolean

/** A part of a response is asked for only if it has not changed: that is for the app. */
const STRONG: Condition = ({ HTTP_IF_MATCH: match, HTTP_IF_UNMODIFIED_SINCE: since }) =>
  match !== undefined || since !== undefined

/** Any of several. */
export class Bypass {
  readonly #conditions: readonly Condition[]

  /** @param conditions each fits CONDITION: it is met by requests that have that, with whatever value but an empty one */
  constructor(conditions: readonly string[]) {
    this.#conditions = [STRONG, ...conditions.map(conditionOf)]
  }

  has(variables: Variables): boolean {
    return this.#conditions.some((one) => one(variables))
  }
}

function conditionOf(written: string): Condition {
  const colon = written.indexOf(':')
  if (colon < 0) return (variables) => !!variables[written]
  const kind = written.slice(0, colon)
  const name = written.slice(colon + 1)
  if (kind === 'header') return (variables) => !!variables[variableName(name)]
  if (kind === 'cookie') return ({ HTTP_COOKIE: cookies }) => hasPair(cookies, ';', name)
  return ({ QUERY_STRING: query }) => hasPair(query, '&', name)
}

/** True when one of the pairs has that name, and a value. */
function hasPair(pairs: string | undefined, between: string, name: string): boolean {
  if (!pairs?.includes(name)) return false
  return pairs.split(between).some((pair) => {
    const own = pair.trim()
    return own.startsWith(`${name}=`) && own.length > name.length + 1
  })
}
