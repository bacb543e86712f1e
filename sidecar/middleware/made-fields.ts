// Header fields of requests that a layer makes of other fields. An app that says in Vary that it has chosen by one has chosen by those that it was
// made of: they are what clients send, and what a cache in front sees.
import type { Exchange } from '../exchange.ts'
import type { Head } from '../wire/head.ts'
import { chosenBy, eitherOf, noteChoice, variablesIn, withChoice, type ChosenBy } from './chosen-by.ts'
import { fieldOf } from './response-fields.ts'

/** Gives the head of a response with what its Vary lacks. `exchange`: the one before the fields were made. */
export type Varied = (head: Head, exchange: Exchange) => Head

/** @param made names of fields with the texts that they are filled with; undefined: none of them is made of another one */
export function madeFields(made: readonly (readonly [name: string, text: string])[]): Varied | undefined {
  const from = new Map<string, ChosenBy>()
  for (const [name, text] of made) {
    const lower = name.toLowerCase()
    const by = eitherOf(from.get(lower), chosenBy(variablesIn([text])))
    if (by) from.set(lower, by)
  }
  if (from.size === 0) return undefined
  return (head, exchange) => {
    const vary = fieldOf(head, 'vary')
    if (vary === undefined) return head
    let varied = head
    for (const name of vary.split(',')) {
      const by = from.get(name.trim().toLowerCase())
      if (!by) continue
      noteChoice(exchange, by)
      varied = withChoice(varied, by)
    }
    return varied
  }
}
