// What repairs end with.
import { copyVariables, type Variables } from '../sidecar/variables.ts'
import { requestedName } from './path.ts'

/** The variables with the values of `right`, and a SERVER_NAME (PEP 3333: never empty); the argument itself when they have all of them. */
export function repaired(variables: Variables, right: Readonly<Record<string, string>>): Variables {
  const wrong = Object.keys(right).filter((name) => variables[name] !== right[name])
  if (wrong.length === 0 && variables.SERVER_NAME) return variables
  const copy = copyVariables(variables)
  for (const name of wrong) copy[name] = right[name]!
  if (!copy.SERVER_NAME) copy.SERVER_NAME = requestedName(variables)
  return copy
}
