// Files that were compressed beforehand: `style.css.br` beside `style.css` is sent in its place to clients that take it, as the same thing.
import { copyVariables, type Variables } from '../../variables.ts'
import type { FileFinder, Found } from './find.ts'

/** The codings that files are compressed in, and how their names end then. */
const ENDINGS = { zstd: '.zst', br: '.br', gzip: '.gz' } as const

/** Which may be sent. */
export interface Compressed {
  /** What the client likes best of those that there may be; undefined: the file itself. */
  readonly coding: keyof typeof ENDINGS | undefined
}

const VARY: [string, string] = ['Vary', 'Accept-Encoding']

/** What a client asks for under conditions, or in part: of the file that is chosen (RFC 9110 13.2.1, 14.2), which is not known before. */
const CONDITIONS = [
  'HTTP_IF_MATCH',
  'HTTP_IF_NONE_MATCH',
  'HTTP_IF_MODIFIED_SINCE',
  'HTTP_IF_UNMODIFIED_SINCE',
  'HTTP_IF_RANGE',
  'HTTP_RANGE',
]

/** What a request names, or the file beside it that is sent in its place; caches are told that there may be others (RFC 9110 12.5.5). */
export async function findCompressed(finder: FileFinder, variables: Variables, { coding }: Compressed): Promise<Found> {
  const sibling = coding && (await findSibling(finder, variables, coding))
  if (sibling) return sibling
  const found = await finder.find(variables)
  return found.kind === 'file' ? { ...found, headers: [...found.headers, VARY] } : found
}

async function findSibling(
  finder: FileFinder,
  variables: Variables,
  coding: keyof typeof ENDINGS,
): Promise<Found | undefined> {
  const bare = copyVariables(variables)
  for (const name of CONDITIONS) delete bare[name]
  const file = await finder.find(bare)
  if (file.kind !== 'file') return undefined
  const sibling = await finder.find(variables, finder.pathOf(file) + ENDINGS[coding])
  if (sibling.kind === 'folder') return undefined
  // Where it cannot be read, the file itself may be.
  if (sibling.kind === 'refused') return sibling.status === 404 || sibling.status === 403 ? undefined : sibling
  // One that was not made anew holds what the file was before.
  if (sibling.stats.mtimeMs < file.stats.mtimeMs) return undefined
  const others = sibling.headers.filter(([name]) => name !== 'Content-Type')
  const type = sibling.status === 304 ? [] : file.headers.filter(([name]) => name === 'Content-Type')
  return { ...sibling, headers: [...others, ...type, ['Content-Encoding', coding], VARY] }
}
