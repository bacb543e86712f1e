// Which file imports which, types included: what the sources say, resolved to paths from the top of the project.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One import of a file of the project by another. */
export interface Import {
  readonly from: string
  readonly to: string
}

// `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')` of a relative path.
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g
const LINE_COMMENT = /^\s*(?:\/\/|\*|\/\*).*$/gm

/** Every import between the sources of the product below `root`. Tests are no part of it. */
export function readImports(root: string): Import[] {
  return sources(root).flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8').replaceAll(LINE_COMMENT, '')
    return [...text.matchAll(SPECIFIER)].map(([, specifier]) => ({ from, to: join(from, '..', specifier!) }))
  })
}

/** The sources of the product. */
export function sources(root: string): string[] {
  return globSync(['sidecar/**/*.ts', 'plugin/**/*.ts'], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .toSorted()
}
