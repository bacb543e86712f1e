// ${NAME} and ${NAME:-default} in the strings of a JSON or YAML configuration. `$NAME` without braces stays as it is, for
// command lines; `$${` is a `${` that stays.
import { formatPath, type ConfigPath, type Problem } from '../problem.ts'

/** A configuration with its variables filled in. */
export interface Expanded {
  readonly data: unknown
  /** The places whose text came from the environment: such a text may stand for a number or true and false. */
  readonly places: ReadonlySet<string>
  readonly problems: readonly { path: ConfigPath; problem: Problem }[]
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Fills in the variables of every string. As in a shell, `:-` gives the default for a variable that is unset or empty; one that is
 * unset and has no default is a problem (CONFIG_ENV).
 */
export function expandVariables(data: unknown, environment: Environment): Expanded {
  const places = new Set<string>()
  const problems: { path: ConfigPath; problem: Problem }[] = []

  const text = (value: string, path: ConfigPath): string =>
    value.replace(/\$\$\{|\$\{([^}]*)\}?/g, (match, inner: string | undefined) => {
      if (inner === undefined) return '${'
      const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner)
      const fail = (message: string): string => {
        problems.push({ path, problem: { code: 'CONFIG_ENV', path: formatPath(path), message } })
        return match
      }
      if (!parts || !match.endsWith('}'))
        return fail(`${match} is not like \${NAME} or \${NAME:-default}; write $\${ for a plain \${`)
      const [, name = '', fallback] = parts
      const found = environment[name]
      places.add(formatPath(path))
      if (fallback !== undefined) return found || fallback
      if (found !== undefined) return found
      const ofRequest = path.includes('use') ? `; a variable of the request is written $\${${name}}` : ''
      return fail(`the environment variable ${name} is not set; set it, or write \${${name}:-default}${ofRequest}`)
    })

  const walk = (value: unknown, path: ConfigPath): unknown => {
    if (typeof value === 'string') return value.includes('${') ? text(value, path) : value
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]))
  }

  return { data: walk(data, []), places, problems }
}
