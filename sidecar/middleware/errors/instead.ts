// One response of the layer `errors`: an error response is taken whole, and a page goes in its place. Without a page it goes as it came.
import type { Exchange } from '../../exchange.ts'
import { tell, type Layer } from '../../layer.ts'
import type { SidegateError } from '../../errors.ts'
import { toSidegateError } from '../../errors.ts'
import { isNamed, withField, withoutFields, withVary } from '../response-fields.ts'
import type { Head } from '../../wire/head.ts'
import type { ErrorPage, ErrorPages, PageContent } from './pages.ts'

/** Of the body of an error response so much is kept, in case there is no page. */
const KEPT_MAX = 64 * 1024
/** A longer one is not waited for. */
const TAKEN_MAX = 16 * 1024 * 1024

/** What is said of the body that is not sent. */
const OF_THE_BODY = [
  'accept-ranges',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'digest',
  'etag',
  'last-modified',
  'repr-digest',
]

/** Sees the response of one request. */
export class Instead implements Layer {
  readonly #pages: ErrorPages
  readonly #own: boolean
  #page: ErrorPage | undefined
  #head: Head | undefined
  #kept: Uint8Array[] = []
  #taken = 0
  #answered = false

  /** @param own only error responses that Sidegate made itself are replaced */
  constructor(pages: ErrorPages, own: boolean) {
    this.#pages = pages
    this.#own = own
  }

  head(head: Head, outer: Exchange): Head | undefined {
    this.#head = head
    this.#page = this.#own && !outer.error ? undefined : this.#pages.of(head.status)
    return this.#page ? undefined : head
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    if (!this.#page) {
      if (!last) return bytes ? outer.write(bytes) : true
      outer.end(bytes)
      return true
    }
    this.#taken += bytes?.byteLength ?? 0
    if (this.#taken > KEPT_MAX) this.#kept = []
    else if (bytes) this.#kept.push(bytes)
    if (last || this.#taken > TAKEN_MAX) this.#answer(outer)
    return true
  }

  /** The error response itself broke off: the page says as much. */
  failed(error: SidegateError, outer: Exchange): boolean {
    if (!this.#page || outer.headSent) return false
    for (let one: Exchange | undefined = outer; one; one = one.outer) one.error ??= error
    tell(outer, error)
    this.#taken = Infinity
    this.#answer(outer)
    return true
  }

  #answer(outer: Exchange): void {
    if (this.#answered) return
    this.#answered = true
    const content = this.#page!.content(this.#head!, outer)
    if (content instanceof Promise) void this.#later(content, outer)
    else this.#send(content, outer)
  }

  async #later(content: Promise<PageContent>, outer: Exchange): Promise<void> {
    try {
      this.#send(await content, outer)
    } catch (thrown) {
      if (outer.over) return
      tell(outer, toSidegateError(thrown))
      this.#asItCame(outer)
    }
  }

  #send(content: PageContent, outer: Exchange): void {
    outer.respond(withField(cachedAs(withoutBody(this.#head!), content), 'Content-Type', content.type))
    outer.end(content.bytes)
  }

  #asItCame(outer: Exchange): void {
    const head = this.#head!
    const whole = this.#taken <= KEPT_MAX
    outer.respond(whole ? head : { ...withoutBody(head) })
    outer.end(whole ? Buffer.concat(this.#kept) : undefined)
  }
}

/** What a page is not to be kept for, the response is not either. */
const NOT_SHARED = /(?:^|[,\s])(?:private|no-store|no-cache)(?:[,\s=]|$)/i

/** The head of a response that is kept no longer, and for no others, than its page. */
function cachedAs(head: Head, { vary, cacheControl }: PageContent): Head {
  let kept = head
  for (const name of vary?.split(',') ?? []) if (name.trim() !== '') kept = withVary(kept, name.trim())
  if (cacheControl === undefined || !NOT_SHARED.test(cacheControl)) return kept
  return withField(withoutFields(kept, 'expires'), 'Cache-Control', 'no-store')
}

function withoutBody({ status, reason, headers }: Head): Head {
  const kept = headers.filter(([name]) => !OF_THE_BODY.some((lower) => isNamed(name, lower)))
  return { status, reason, headers: kept }
}
