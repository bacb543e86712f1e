// docs/interface.md out of the checker. `node test/interface/spec.ts` writes it.
import { readFileSync, writeFileSync } from 'node:fs'

/** The files of the checker, in the order of the page. */
const FILES = ['lint', 'lint-environ', 'lint-streams', 'lint-response', 'lint-body', 'lint-upgrade']

/** Where the page is. */
export const PAGE: URL = new URL('../../docs/interface.md', import.meta.url)

/** The lines with ## of the checker, as one page. */
export function specification(): string {
  const lines = FILES.flatMap((name) => {
    const text = readFileSync(new URL(`../../sidecar/interface/${name}.ts`, import.meta.url), 'utf8')
    return [...text.matchAll(/^ *\/\/ ##(?: (.*))?$/gm)].map(([, line = '']) => line)
  })
  return `${lines.join('\n').trimEnd()}\n`
}

if (import.meta.main) writeFileSync(PAGE, specification())
