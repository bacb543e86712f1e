// Files that were compressed beforehand: `style.css.br` beside `style.css` is sent in its place to clients that take it, as the same thing.
import type { Variables } from '../../variables.ts'
import type { FileFinder, Found } from './find.ts'

/** The codings that files are compressed in, and how their names end then. */
const ENDINGS = { zstd: '.zst', br: '.br', gzip: '.gz' } as const

/** Which may be sent. */
export interface Compressed {
  /** What the client likes best of those that there may be; undefined: the file itself. */
  readonly coding: keyof typeof ENDINGS | undefined
}

type File = Extract<Found, { kind: 'file' }>

/** A file, or the one beside it that is sent in its place; caches are told that there may be others (RFC 9110 12.5.5). */
export async function withSibling(
  finder: FileFinder,
  variables: Variables,
  file: File,
  { coding }: Compressed,
): Promise<Found> {
  const plain: File = { ...file, headers: [...file.headers, ['Vary', 'Accept-Encoding']] }
  if (coding === undefined) return plain
  const sibling = await finder.find(variables, finder.pathOf(file) + ENDINGS[coding])
  if (sibling.kind === 'refused') return sibling.status === 404 ? plain : sibling
  // One that was not made anew holds what the file was before.
  if (sibling.kind !== 'file' || sibling.stats.mtimeMs < file.stats.mtimeMs) return plain
  const type = file.headers.find(([name]) => name === 'Content-Type')
  const others = sibling.headers.filter(([name]) => name !== 'Content-Type')
  return {
    ...sibling,
    headers: [...others, ...(type ? [type] : []), ['Content-Encoding', coding], ['Vary', 'Accept-Encoding']],
  }
}
