// Header fields that came more than once and are one variable, for those who want them as they came.
import { variableName, type Variables } from '../variables.ts'

/** Of the request that is looked at; kept, so that each needs none of its own. */
const seen = new Set<string>()

/**
 * The fields of a header (name, value, name, value …, as received) whose values are joined by commas in one variable: the name of the variable
 * and the value of each, in turn. Undefined where there is none, as nearly always. Variables count: a field is left out when its variable
 * is something else than what came (a layer has changed it, the door took one of the values), and cookies are one field (RFC 6265 5.4).
 */
export function repeatedFields(variables: Variables, fields: readonly string[]): string[] | undefined {
  for (let i = 0; i < fields.length; i += 2) seen.add(variableName(fields[i]!))
  const all = seen.size * 2 === fields.length
  seen.clear()
  if (all) return undefined
  // By their spelling: `X_A` that was left out is not one of the two `X-A`.
  const values = new Map<string, string[]>()
  for (let i = 0; i < fields.length; i += 2) {
    const spelled = fields[i]!.toLowerCase()
    const before = values.get(spelled)
    if (before) before.push(fields[i + 1]!)
    else values.set(spelled, [fields[i + 1]!])
  }
  const apart: string[] = []
  for (const [spelled, several] of values) {
    const name = variableName(spelled)
    if (several.length === 1 || variables[name] !== several.join(', ')) continue
    for (const value of several) apart.push(name, value)
  }
  return apart.length === 0 ? undefined : apart
}
