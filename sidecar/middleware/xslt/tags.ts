// Entity tags of what was transformed (RFC 9110 8.8.3): the tag of the app's response with a mark of the sheet and its parameters behind it, and
// weak, as nobody promises the same bytes. The app gets its own tag back, so that it can say that nothing has changed.

/** Characters of a hash as they stand in a tag. */
export const MARK_LENGTH = 16

const TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g
const MARKED = new RegExp(`^(.*);x=([0-9a-f]{${MARK_LENGTH}})$`)

/** `"a"` → `W/"a;x=MARK"` */
export function markedTag(tag: string, mark: string): string {
  return `W/"${opaque(tag)};x=${mark}"`
}

/** What a client has of a resource. */
export interface KnownTags {
  /** If-None-Match for the app; undefined: it is left out. */
  readonly field: string | undefined
  /** The app's tags, without quotes, of what was transformed by this sheet. */
  readonly own: ReadonlySet<string>
}

/** If-None-Match without the mark: tags of another sheet fit nothing, those without a mark are of what was never transformed. */
export function knownTags(field: string, mark: string): KnownTags {
  const own = new Set<string>()
  if (field.trim() === '*') return { field, own }
  const tags = [...field.matchAll(TAG)].flatMap(([tag, value]) => {
    const [, ours, by] = MARKED.exec(value!) ?? []
    if (ours === undefined) return [tag]
    if (by !== mark) return []
    own.add(ours)
    return [`"${ours}"`, `W/"${ours}"`]
  })
  return { field: tags.length === 0 ? undefined : tags.join(', '), own }
}

/** True when a tag of the app is among those of what was transformed. */
export function isKnown(tag: string, { own }: KnownTags): boolean {
  return own.has(opaque(tag))
}

function opaque(tag: string): string {
  return tag.replace(/^W\//, '').slice(1, -1)
}
