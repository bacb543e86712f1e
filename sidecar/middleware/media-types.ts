// Lists of media types, as the settings of layers have them.

/** `text/html`, `text/*`, `*+json`. */
export const MEDIA_RANGE = /^(?:\*\/\*|[\w.+-]+\/(?:[\w.+-]+|\*)|\*\+[\w.-]+)$/

/** A list of media types and ranges of them. */
export class MediaTypes {
  readonly #ranges: ReadonlySet<string>

  /** @param ranges each fits MEDIA_RANGE */
  constructor(ranges: readonly string[]) {
    this.#ranges = new Set(ranges.map((range) => range.toLowerCase()))
  }

  /** True when the type of a Content-Type (RFC 9110 8.3), whatever its parameters, is in the list. */
  has(contentType: string): boolean {
    const type = mediaType(contentType)
    const slash = type.indexOf('/')
    if (slash < 0) return false
    const ranges = this.#ranges
    if (ranges.has(type) || ranges.has(`${type.slice(0, slash)}/*`) || ranges.has('*/*')) return true
    const plus = type.lastIndexOf('+')
    return plus > slash && ranges.has(`*${type.slice(plus)}`)
  }
}

/** The type of a Content-Type without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}
