// The codes of docs/errors.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every code that has a row, in the order of the rows. */
export function documentedCodes(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
  return [...page.matchAll(/^\| `?([A-Z][A-Z_]+)`? \|/gm)].map(([, code]) => code!)
}
