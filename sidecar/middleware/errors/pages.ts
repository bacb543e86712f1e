// The pages of the layer `errors`: read from files when it starts, or asked for when they are needed.
import { readFile, stat } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { RequestBody } from '../../body.ts'
import { AppError, ConfigError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { decodePath, resolveDots, splitTarget, type Variables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'
import { aside } from '../aside.ts'
import type { MiddlewareContext } from '../middleware.ts'
import { questionOf } from '../question.ts'
import { fieldOf } from '../response-fields.ts'
import { isAmong, statusRange, type StatusRange } from '../statuses.ts'

/** A page is looked at, not downloaded. */
const SIZE_MAX = 1024 * 1024

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
}

/** What takes the place of the body of an error response. */
export interface PageContent {
  readonly type: string
  readonly bytes: Uint8Array
  /** Fields of the page's own, from which caches know for whom it is. */
  readonly vary?: string | undefined
  readonly cacheControl?: string | undefined
}

/** One page. */
export interface ErrorPage {
  /** @throws {SidegateError} where it is asked for and there is none: ERROR_PAGE, ASIDE_TIMEOUT, … */
  content(head: Head, exchange: Exchange): PageContent | Promise<PageContent>
}

/** The pages of a layer. */
export interface ErrorPages {
  /** @throws {ConfigError} ERROR_PAGE_FILE */
  open(): Promise<void>
  /** The page for a status; undefined: there is none. */
  of(status: number): ErrorPage | undefined
}

interface Entry extends StatusRange {
  readonly page: ErrorPage & { open?(): Promise<void> }
}

/**
 * @param written as in the settings
 * @param timeout of pages that are asked for, in milliseconds
 * @throws {ConfigError} ERROR_PAGE_PATH
 */
export function errorPages(
  written: Readonly<Record<string, string>>,
  context: MiddlewareContext,
  timeout: number,
): ErrorPages {
  const entries: Entry[] = Object.entries(written)
    .map(([statuses, text]) => {
      const path = `${context.path}.pages.${statuses}`
      const page = text.startsWith('ask:')
        ? new AskedPage(text.slice('ask:'.length), path, context, timeout)
        : new FilePage(text, path, context.directory)
      return { ...statusRange(statuses), page }
    })
    .toSorted((a, b) => a.last - a.first - (b.last - b.first))
  return {
    async open() {
      for (const { page } of entries) await page.open?.()
    },
    of: (status) => (status < 400 ? undefined : entries.find((entry) => isAmong(status, [entry]))?.page),
  }
}

/** From a file, in which `${STATUS}`, `${REASON}` and `${REQUEST_ID}` are filled in. */
class FilePage implements ErrorPage {
  readonly #file: string
  readonly #path: string
  readonly #directory: string
  #type = ''
  #text: string | undefined
  #bytes: Uint8Array = Buffer.alloc(0)

  constructor(file: string, path: string, directory: string) {
    this.#file = file
    this.#path = path
    this.#directory = directory
  }

  async open(): Promise<void> {
    const absolute = resolve(this.#directory, this.#file)
    const found = await stat(absolute).catch(() => undefined)
    const fail = (why: string): never => {
      throw new ConfigError('ERROR_PAGE_FILE', this.#path, `${this.#file} ${why}`)
    }
    if (!found) {
      const hint = this.#file.startsWith('/') ? `; a path of this gateway is written ask:${this.#file}` : ''
      return fail(`is not there (${absolute})${hint}`)
    }
    if (!found.isFile()) return fail('is no file')
    if (found.size > SIZE_MAX) return fail(`is larger than ${SIZE_MAX} bytes`)
    const ending = extname(absolute).toLowerCase()
    if (!Object.hasOwn(TYPES, ending)) return fail(`is no page: it ends with none of ${Object.keys(TYPES).join(', ')}`)
    this.#type = TYPES[ending]!
    this.#bytes = await readFile(absolute)
    const text = Buffer.from(this.#bytes).toString('latin1')
    this.#text = PLACES.test(text) ? text : undefined
  }

  content({ status, reason }: Head, { id }: Exchange): PageContent {
    if (this.#text === undefined) return { type: this.#type, bytes: this.#bytes }
    const values: Readonly<Record<string, string>> = { STATUS: String(status), REASON: reason, REQUEST_ID: id }
    const text = this.#text.replaceAll(ALL_PLACES, (_, name: string) => plain(values[name]!))
    return { type: this.#type, bytes: Buffer.from(text, 'latin1') }
  }
}

const PLACES = /\$\{(STATUS|REASON|REQUEST_ID)\}/
const ALL_PLACES = new RegExp(PLACES, 'g')

/** A reason is the app's: whatever the page is written in, it says nothing there. */
function plain(text: string): string {
  return text.replace(/[^A-Za-z0-9 .,_-]/g, '')
}

/** From whoever answers a path of the gateway. */
class AskedPage implements ErrorPage {
  readonly #target: string
  readonly #context: MiddlewareContext
  readonly #timeout: number

  constructor(target: string, path: string, context: MiddlewareContext, timeout: number) {
    this.#target = target
    this.#context = context
    this.#timeout = timeout
    try {
      if (!target.startsWith('/') || /[^\x21-\x7e]|#/.test(target))
        throw new TypeError('it is no path such as /errors/404')
      pathOf(target.replaceAll('${STATUS}', '404'))
    } catch (error) {
      throw new ConfigError('ERROR_PAGE_PATH', path, `${target} cannot be asked for: ${(error as Error).message}`)
    }
  }

  async content(head: Head, exchange: Exchange): Promise<PageContent> {
    const target = this.#target.replaceAll('${STATUS}', String(head.status))
    const variables = this.#question(exchange.variables, target, head.status)
    const body = new RequestBody(0)
    const asked = { of: exchange, variables, body, max: SIZE_MAX, timeout: this.#timeout }
    const { head: own, body: bytes } = await aside(this.#context.ask, asked)
    const encoded = fieldOf(own, 'content-encoding') !== undefined
    if (own.status === 200 && !encoded) {
      const [vary, cacheControl] = [fieldOf(own, 'vary'), fieldOf(own, 'cache-control')]
      return { type: fieldOf(own, 'content-type') ?? 'text/html', bytes, vary, cacheControl }
    }
    const what = encoded ? 'is encoded (Content-Encoding)' : `was answered with ${own.status}`
    throw new AppError('ERROR_PAGE', `the page ${target} for status ${head.status} ${what}`, 502)
  }

  /** As Apache has it, what the request was is in REDIRECT_STATUS and REDIRECT_URL. */
  #question(of: Variables, target: string, status: number): Variables {
    const variables = questionOf(of, target, this.#context.mount)
    // A page that is encoded could not be sent as it is to everybody.
    delete variables.HTTP_ACCEPT_ENCODING
    variables.REDIRECT_STATUS = String(status)
    variables.REDIRECT_URL = (of.SCRIPT_NAME ?? '') + (of.PATH_INFO ?? '')
    return variables
  }
}

function pathOf(target: string): string {
  return resolveDots(decodePath(splitTarget(target).path))
}
