// Variables read one after the other out of a block of text, as uwsgi and FastCGI have them: two lengths say where a name and its value
// stand.
import { emptyVariables, type Variables } from '../variables.ts'
import { firstKey, isLeftOut, keyOf, nextBlock, nulFrom, nulInside, put, type Key } from './keys.ts'

/** More variables than any host sends (its limits on header fields are 100 to 1000), few enough to cost nothing. */
export const VARIABLES_MAX = 1024

/** Reads block after block; each protocol has one reader, as the order of names is that of its peers. */
export class VariableBlock {
  readonly #first: Key = firstKey()
  #previous: Key = this.#first
  #text = ''
  #variables: Variables = emptyVariables()
  #number = 0
  /** Where the next NUL is: looked for once, and not from the beginning of each value. */
  #nul = -1
  #raw = false

  /** A block of latin-1 text; unless `raw` without the variables that no app may see (refused.ts). Gives what `take` puts them into. */
  begin(text: string, raw: boolean): Variables {
    this.#text = text
    this.#raw = raw
    this.#variables = emptyVariables()
    this.#number = nextBlock()
    this.#previous = this.#first
    this.#nul = -1
    return this.#variables
  }

  /**
   * One variable: its name stands from `name` to `nameEnd`, its value from `value` to `end`.
   * @throws {PeerError} VARIABLE_NAME, VARIABLE_NUL, UWSGI_VARIABLE, CONTENT_LENGTH_TWICE
   */
  take(name: number, nameEnd: number, value: number, end: number): void {
    const text = this.#text
    const raw = this.#raw
    const previous = this.#previous
    let key = previous.next
    if (key === undefined || key.name.length !== nameEnd - name || !text.startsWith(key.name, name)) {
      key = keyOf(text.substring(name, nameEnd), raw)
      if (!raw) previous.next = key
    }
    this.#previous = key
    if (this.#nul < value) this.#nul = nulFrom(text, value)
    if (this.#nul < end && !raw) throw nulInside(key.name)
    if (!isLeftOut(key, end - value, raw)) put(this.#variables, key, this.#number, text.substring(value, end))
  }
}
