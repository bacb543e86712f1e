// The layer `xslt`: XML that apps answer with becomes HTML, or whatever a style sheet makes of it (XSLT 1.0 and EXSLT, by libxslt). The
// processor runs in threads of its own, which have neither files but those of the sheet nor a network.
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { through } from '../layer.ts'
import { count, memory, seconds } from '../quantity.ts'
import { copyVariables } from '../variables.ts'
import { chosenBy, noteChoice, variablesIn } from './chosen-by.ts'
import { MEDIA_RANGE, MediaTypes } from './media-types.ts'
import type { MiddlewareKind } from './middleware.ts'
import { parseTemplate } from './template.ts'
import type { Sheet } from './xslt/sheet.ts'

const MEBIBYTE = 1024 * 1024

const settings = v.strictObject({
  sheet: v.pipe(v.string(), v.description('The style sheet.')),
  folder: v.pipe(
    v.optional(v.string()),
    v.description(
      'What the sheet includes, imports and reads (`document()`) is below this folder; nothing else can be read. Default: the folder of the sheet.',
    ),
  ),
  parameters: v.pipe(
    v.optional(
      v.record(v.pipe(v.string(), v.regex(/^[\p{L}_][\p{L}\p{N}._-]*$/u, 'is the name of a parameter')), v.string()),
      {},
    ),
    v.description(
      'Values for the `xsl:param`s of the sheet, as texts: `{ user: $${REMOTE_USER} }` is a variable of the request. A parameter whose value comes out empty keeps the default of the sheet.',
    ),
  ),
  types: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.regex(MEDIA_RANGE, 'is a media type, such as text/xml or *+xml'))), [
      'text/xml',
      'application/xml',
      'application/atom+xml',
      'application/rss+xml',
      'application/rdf+xml',
    ]),
    v.description('The media types of responses that are transformed.'),
  ),
  contentType: v.pipe(
    v.optional(v.string()),
    v.description('The Content-Type of the result. Default: what `xsl:output` of the sheet says.'),
  ),
  maxDocument: memory(5 * MEBIBYTE, 'The longest document, in bytes; it is collected before it is transformed.'),
  larger: v.pipe(
    v.optional(v.picklist(['refuse', 'pass']), 'refuse'),
    v.description('What becomes of longer ones: 502, or they pass as they are.'),
  ),
  malformed: v.pipe(
    v.optional(v.picklist(['refuse', 'pass']), 'refuse'),
    v.description(
      'What becomes of responses that are called XML and are none: 502, or they pass as they are, and the log says so. One that does not begin as XML passes as it comes then.',
    ),
  ),
  timeout: seconds(5, 'Seconds that a document may take. Then it is given up, with 502.', 0.01),
  threads: count(1, 1, 'How many documents are transformed at the same time.', 64),
  queue: count(1, 100, 'Documents that may wait for that; more get 503.'),
  memory: memory(
    256 * MEBIBYTE,
    'Bytes of memory that documents and results may take in a thread. A document takes about six times its length.',
  ),
})

export const xslt: MiddlewareKind<'xslt', typeof settings, 'sheet'> = {
  name: 'xslt',
  summary: 'Transforms XML that apps answer with by an XSL style sheet. Needs Node.js 24.',
  settings,
  short: 'sheet',
  create({ parameters: texts, types, ...options }, context) {
    const parameters = Object.entries(texts).map(
      ([name, text]) => [name, parseTemplate(text, `${context.path}.parameters.${name}`)] as const,
    )
    const media = new MediaTypes(types)
    const by = chosenBy(variablesIn(Object.values(texts)))
    let sheet: Sheet | undefined
    const open = async (): Promise<Sheet> => {
      demandNode(context.path)
      const { openSheet } = await import('./xslt/sheet.ts')
      return openSheet({ ...options, types: media, vary: by?.fields ?? [] }, context)
    }
    return {
      async open() {
        sheet = await open()
      },
      async check() {
        await (await open()).close()
      },
      handle(exchange, next) {
        if (by) noteChoice(exchange, by)
        const { HTTP_IF_NONE_MATCH: asked } = exchange.variables
        const values = parameters.map(([name, value]) => [name, value.fill(exchange)] as const)
        const { layer, tags } = sheet!.layerFor(values, asked)
        if (tags === asked) return next(through(exchange, layer))
        const variables = copyVariables(exchange.variables)
        if (tags === undefined) delete variables.HTTP_IF_NONE_MATCH
        else variables.HTTP_IF_NONE_MATCH = tags
        next(through(exchange, layer, { variables }))
      },
      async close() {
        await sheet?.close()
        sheet = undefined
      },
    }
  },
}

/** Promises inside of WebAssembly (JSPI) are what the processor asks for files by. */
function demandNode(path: string): void {
  const { WebAssembly: engine = {} } = globalThis as { WebAssembly?: object }
  if ('Suspending' in engine) return
  const message = `the layer xslt needs Node.js 24 or newer, and this is ${process.version}`
  throw new ConfigError('XSLT_NODE', path, message)
}
