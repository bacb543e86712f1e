// One response that is XML: collected, transformed, and sent as what came of it. All others pass as they are, as they come.
import type { Exchange } from '../../exchange.ts'
import { AppError, ConfigError, type SidegateError } from '../../errors.ts'
import type { Layer } from '../../layer.ts'
import type { Log } from '../../log.ts'
import { isBodiless, type Head } from '../../wire/head.ts'
import type { MediaTypes } from '../media-types.ts'
import { fieldOf, withField, withoutFields, withVary } from '../response-fields.ts'
import { complaint, meant } from './complaint.ts'
import { decoded } from './decoded.ts'
import { Malformed } from './malformed.ts'
import type { Failed, SheetOutput, Transformed } from './messages.ts'
import { isKnown, markedTag, type KnownTags } from './tags.ts'
import type { Threads } from './threads.ts'

/** What all responses of a layer have in common. */
export interface Workshop {
  readonly threads: Threads
  readonly output: SheetOutput
  readonly types: MediaTypes
  readonly contentType: string | undefined
  /** Header fields of the request that the result depends on. */
  readonly vary: readonly string[]
  /** Bytes. */
  readonly maxDocument: number
  /** Documents that are longer pass as they are. */
  readonly passesLong: boolean
  /** And so does what is no XML. */
  readonly passesMalformed: boolean
  /** Of the layer in the configuration. */
  readonly path: string
  /** As it was written. */
  readonly sheet: string
  readonly log: Log
  /** The sheet has read files for a document (`document()`): what it makes does not depend on the document alone. */
  reads: boolean
}

/** What does not hold for a document that is another one now. */
const GONE = [
  'content-length',
  'content-encoding',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
  'accept-ranges',
  // The sheet may be newer, and a client that asks by the date would not hear of it.
  'last-modified',
]

/** What may stand before the first `<`: a byte order mark of UTF-8, and white space. */
const BEFORE: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf, 0x20, 0x09, 0x0d, 0x0a])
/** How a document begins: with `<`, or in UTF-16. */
const STARTS: ReadonlySet<number> = new Set([0x3c, 0x00, 0xfe, 0xff])

/** Lines of the sheet that are logged for a document. */
const LINES_MAX = 10

/** Sees one response. */
export class Transformation implements Layer {
  readonly #shop: Workshop
  readonly #parameters: Readonly<Record<string, string>>
  readonly #mark: string
  readonly #known: KnownTags
  /** The head of what is collected; undefined: it passes. */
  #head: Head | undefined
  #pieces: Uint8Array[] = []
  #size = 0

  constructor(shop: Workshop, parameters: Readonly<Record<string, string>>, mark: string, known: KnownTags) {
    this.#shop = shop
    this.#parameters = parameters
    this.#mark = mark
    this.#known = known
  }

  head(head: Head, outer: Exchange): Head | undefined {
    this.#head = undefined
    // The client's is still good.
    if (head.status === 304) return isKnown(fieldOf(head, 'etag') ?? '', this.#known) ? this.#tagged(head) : head
    if (!this.#isOurs(head)) return head
    if (outer.variables.REQUEST_METHOD === 'HEAD') return this.#changed(head, undefined)
    this.#head = head
    return undefined
  }

  body(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
    const head = this.#head
    if (!head) return pass(bytes, last, outer)
    if (this.#size === 0 && bytes && this.#isNone(head, bytes)) {
      this.#warn('the response is called XML, and does not begin so', outer)
      return this.#passes(head, bytes, last, outer)
    }
    this.#size += bytes?.byteLength ?? 0
    if (bytes) this.#pieces.push(Uint8Array.from(bytes))
    if (this.#size > this.#shop.maxDocument) return this.#tooLong(head, last, outer)
    if (!last) return true
    const document = Buffer.concat(this.#pieces)
    this.#pieces = []
    // A response without a body is no document.
    if (document.byteLength === 0) return this.#passes(head, document, true, outer)
    this.#transform(head, document, outer).catch((error: unknown) => {
      if (!(error instanceof Malformed) || !this.#shop.passesMalformed) return outer.fail(error)
      if (outer.over) return
      this.#warn(error.message, outer)
      this.#passes(head, document, true, outer)
    })
    return true
  }

  over(): void {
    this.#pieces = []
  }

  #isOurs(head: Head): boolean {
    const type = fieldOf(head, 'content-type')
    if (type === undefined || !this.#shop.types.has(type) || isBodiless(head.status) || head.status === 206)
      return false
    // RFC 9110 7.7, RFC 9111 5.2.2.6
    return !/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(fieldOf(head, 'cache-control') ?? '')
  }

  /** Seen from its first bytes, where those are not compressed. */
  #isNone(head: Head, start: Uint8Array): boolean {
    if (!this.#shop.passesMalformed || fieldOf(head, 'content-encoding') !== undefined) return false
    const first = start.find((byte) => !BEFORE.has(byte))
    return first !== undefined && !STARTS.has(first)
  }

  #warn(why: string, outer: Exchange): void {
    this.#shop.log.warn(`${why}; it passes as it is`, {
      code: 'XSLT_DOCUMENT',
      request: outer.id,
      mount: outer.mount?.key,
    })
  }

  #tooLong(head: Head, last: boolean, outer: Exchange): boolean {
    const document = Buffer.concat(this.#pieces)
    this.#pieces = []
    return this.#passesLong(head, document, last, outer)
  }

  #passesLong(head: Head, bytes: Uint8Array, last: boolean, outer: Exchange): boolean {
    const { maxDocument, passesLong } = this.#shop
    if (passesLong) return this.#passes(head, bytes, last, outer)
    const message = `the response has more than ${maxDocument} bytes: too many to be transformed (maxDocument of the layer xslt)`
    throw new AppError('XSLT_DOCUMENT', message, 502)
  }

  #passes(head: Head, bytes: Uint8Array, last: boolean, outer: Exchange): boolean {
    this.#head = undefined
    outer.respond(head)
    return pass(bytes, last, outer)
  }

  async #transform(head: Head, body: Buffer, outer: Exchange): Promise<void> {
    const { threads, maxDocument } = this.#shop
    const document = await decoded(body, fieldOf(head, 'content-encoding'), maxDocument)
    if (outer.over) return
    if (!document) return void this.#passesLong(head, body, true, outer)
    const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(fieldOf(head, 'content-type') ?? '')?.[1]
    const job = { document, charset, parameters: this.#parameters }
    const answer = await threads.transform(job, (listener) => outer.onAbort(listener))
    if (outer.over) return
    if (answer.type === 'failed') throw this.#failure(answer, document)
    this.#tell(answer.said, outer)
    if (answer.reads) this.#shop.reads = true
    outer.respond(this.#changed(head, answer))
    outer.end(answer.result)
  }

  #failure({ at, said, broken }: Failed, document: Uint8Array): SidegateError {
    const { path, sheet } = this.#shop
    if (at === 'document') {
      const what = complaint(said, 'the processor does not say why', document)
      const message = `the response is no XML that can be transformed: ${what}`
      return broken ? new AppError('XSLT_DOCUMENT', message, 502) : new Malformed(message)
    }
    const what = complaint(said, 'it ran out of its stack, or of memory')
    return new ConfigError('XSLT_FAILED', path, `${sheet} failed for a document: ${what}`, { status: 502 })
  }

  /** xsl:message, and what the processor warns of. */
  #tell(said: readonly string[], outer: Exchange): void {
    const { log, sheet } = this.#shop
    for (const line of meant(said).slice(0, LINES_MAX))
      log.info(`${sheet}: ${line}`, { request: outer.id, mount: outer.mount?.key })
  }

  #changed(head: Head, result: Transformed | undefined): Head {
    // What a sheet reads beside its document may be another one tomorrow, and the app's tag does not tell.
    const reads = result ? result.reads : this.#shop.reads
    const without = withoutFields(this.#tagged(reads ? withoutFields(head, 'etag') : head), ...GONE)
    const type = this.#contentType(result)
    return type === undefined ? withoutFields(without, 'content-type') : withField(without, 'Content-Type', type)
  }

  #tagged(head: Head): Head {
    const tag = fieldOf(head, 'etag')
    const tagged = tag === undefined ? head : withField(head, 'ETag', markedTag(tag, this.#mark))
    return this.#shop.vary.reduce(withVary, tagged)
  }

  /** XSLT 1.0, 16: the sheet may name it, else it is that of the method, else of the result: undefined where there is none to look at. */
  #contentType(result: Transformed | undefined): string | undefined {
    const { contentType, output } = this.#shop
    if (contentType !== undefined) return contentType
    const { method, mediaType, encoding = 'utf-8' } = output
    if (!result && method === undefined && mediaType === undefined) return undefined
    const html = result ? result.html : method === 'html'
    const type = mediaType ?? (method === 'text' ? 'text/plain' : html ? 'text/html' : 'application/xml')
    return `${type}; charset=${encoding.toLowerCase()}`
  }
}

function pass(bytes: Uint8Array | undefined, last: boolean, outer: Exchange): boolean {
  if (!last) return bytes ? outer.write(bytes) : true
  outer.end(bytes)
  return true
}
