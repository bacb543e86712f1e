// A style sheet that is loaded, with the threads that transform by it.
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { isBelow } from '../../file-names.ts'
import type { Layer } from '../../layer.ts'
import type { MediaTypes } from '../media-types.ts'
import type { MiddlewareContext } from '../middleware.ts'
import { complaint, meant } from './complaint.ts'
import { isWritable, WRITABLE } from './encodings.ts'
import { xpathLiteral } from './literal.ts'
import type { Ready, SheetFiles } from './messages.ts'
import { knownTags, MARK_LENGTH } from './tags.ts'
import { SheetError, Threads } from './threads.ts'
import { Transformation } from './transformation.ts'

/** As the settings of the layer have it. */
export interface SheetSettings {
  readonly sheet: string
  readonly folder?: string | undefined
  readonly types: MediaTypes
  readonly contentType?: string | undefined
  /** Header fields of the request that parameters come from. */
  readonly vary: readonly string[]
  readonly maxDocument: number
  readonly larger: 'refuse' | 'pass'
  readonly malformed: 'refuse' | 'pass'
  /** Seconds. */
  readonly timeout: number
  readonly threads: number
  readonly queue: number
  readonly memory: number
}

/** What one request is given. */
export interface SheetLayer {
  readonly layer: Layer
  /** If-None-Match as the app is to have it; undefined: without. */
  readonly tags: string | undefined
}

/** A sheet in use. */
export interface Sheet {
  /**
   * @param values of its parameters, latin-1, each character a byte
   * @param tags If-None-Match of the request
   */
  layerFor(values: readonly (readonly [name: string, value: string])[], tags: string | undefined): SheetLayer
  close(): Promise<void>
}

/** @throws {ConfigError} XSLT_SHEET when it cannot be used */
export async function openSheet(settings: SheetSettings, { path, directory, log }: MiddlewareContext): Promise<Sheet> {
  const { sheet: written, folder: root, timeout, threads: size, queue, memory } = settings
  const wrong = (message: string): ConfigError => new ConfigError('XSLT_SHEET', `${path}.sheet`, message)
  const sheet = realOf(resolve(directory, written), (why) => wrong(`${written} cannot be read: ${why}`))
  const folder =
    root === undefined
      ? dirname(sheet)
      : realOf(resolve(directory, root), (why) => new ConfigError('XSLT_SHEET', `${path}.folder`, `${root}: ${why}`))
  if (!isBelow(sheet, folder)) throw wrong(`${written} is not below the folder ${root}`)
  const threads = new Threads({ sheet, folder, memory, threads: size, queue, timeout: timeout * 1000 })
  let ready: Ready
  try {
    ready = await threads.open()
    const { encoding } = ready.output
    if (encoding !== undefined && !isWritable(encoding))
      throw wrong(`${written} asks for the encoding ${encoding} in xsl:output; there are ${WRITABLE.join(', ')}`)
  } catch (error) {
    await threads.close()
    if (!(error instanceof SheetError)) throw error
    const reason = complaint(error.said, 'the processor does not say why')
    throw new ConfigError('XSLT_SHEET', `${path}.sheet`, `${written} is no style sheet that can be used: ${reason}`, {
      cause: error.said.join('\n'),
    })
  }
  const { output, files, said } = ready
  for (const line of meant(said)) log.warn(`${written}: ${line}`, { code: 'XSLT_SHEET' })
  const { types, contentType, vary, maxDocument, larger, malformed } = settings
  const shop = {
    threads,
    output,
    types,
    contentType,
    vary,
    maxDocument,
    passesLong: larger === 'pass',
    passesMalformed: malformed === 'pass',
    path,
    sheet: written,
    log,
    reads: false,
  }
  const digest = digestOf(files)
  return {
    layerFor(values, tags) {
      const given = values
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [name, xpathLiteral(textOf(value))])
      const mark = createHash('sha256')
        .update(`${digest}${JSON.stringify(given)}`)
        .digest('hex')
        .slice(0, MARK_LENGTH)
      const known = knownTags(tags ?? '', mark)
      const parameters = Object.fromEntries(given) as Record<string, string>
      return { layer: new Transformation(shop, parameters, mark, known), tags: known.field }
    },
    close: () => threads.close(),
  }
}

function realOf(path: string, wrong: (why: string) => ConfigError): string {
  try {
    return realpathSync(path)
  } catch (error) {
    throw wrong((error as Error).message)
  }
}

function digestOf(files: SheetFiles): string {
  const hash = createHash('sha256')
  for (const bytes of Object.values(files)) hash.update(createHash('sha256').update(bytes).digest())
  return hash.digest('hex')
}

/** A variable's bytes as characters: UTF-8 where they are that. */
function textOf(value: string): string {
  const bytes = Buffer.from(value, 'latin1')
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? value : text
}
