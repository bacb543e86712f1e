// All variables of a request in one: Python splits a text faster than it takes FastCGI's name-value pairs apart.
import { emptyVariables, type Variables } from '../variables.ts'

/** What that one is called; worker.py knows it. */
const PACKED = 'SIDEGATE_ENVIRON'

/** One variable that holds all names and values with a NUL behind each; the variables themselves when a value has a NUL. */
export function packed(variables: Variables): Variables {
  let text = ''
  for (const name in variables) {
    const value = variables[name]!
    if (value.includes('\0')) return variables
    text += `${name}\0${value}\0`
  }
  const one = emptyVariables()
  one[PACKED] = text
  return one
}
