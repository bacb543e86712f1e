// The layer `compress`: responses are sent in the coding that their client likes best (RFC 9110 8.4, 12.5.3).
import * as v from 'valibot'
import { through, type Layer } from '../layer.ts'
import { count, memory } from '../quantity.ts'
import type { Compressed, Workshop } from './compress/compressed.ts'
import { CODINGS, negotiate } from './compress/negotiate.ts'
import { MEDIA_RANGE, MediaTypes } from './media-types.ts'
import type { MiddlewareKind } from './middleware.ts'

/** What is not compressed already, of what apps send. */
const TYPES = [
  'text/*',
  '*+json',
  '*+xml',
  '*+text',
  'application/json',
  'application/javascript',
  'application/x-javascript',
  'application/x-ndjson',
  'application/xml',
  'application/wasm',
  'application/yaml',
  'application/rtf',
  'application/graphql',
  'application/vnd.ms-fontobject',
  'font/ttf',
  'font/otf',
  'font/collection',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
]

/** RFC 9659: above this level zstd needs more memory of who decodes than a browser has to give. */
const ZSTD_MAX = 19

const settings = v.strictObject({
  codings: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(CODINGS)), v.minLength(1)), [...CODINGS]),
    v.description('The codings that are offered; of those that a client likes equally well the first is sent.'),
  ),
  types: v.pipe(
    v.optional(
      v.array(v.pipe(v.string(), v.regex(MEDIA_RANGE, 'is a media type, such as text/html, text/* or *+json'))),
      TYPES,
    ),
    v.description('The media types that are compressed.'),
  ),
  minSize: memory(1024, 'Responses of less bytes are sent as they are, where their length is known.'),
  eventStreams: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Compresses `text/event-stream` too, and flushes each event.'),
  ),
  zstd: count(1, 3, 'The level of zstd.', ZSTD_MAX),
  br: count(0, 4, 'The level of Brotli; from 10 on it takes a hundred times as long.', 11),
  gzip: count(1, 6, 'The level of gzip.', 9),
  streams: count(
    1,
    256,
    'Responses that are compressed piece by piece at the same time; more are sent as they are. Each takes up to a megabyte.',
  ),
})

export const compress: MiddlewareKind<'compress', typeof settings, 'codings'> = {
  name: 'compress',
  summary: 'Compresses responses with zstd, Brotli or gzip, as the client likes best.',
  settings,
  short: 'codings',
  create({ codings, types, minSize, eventStreams, zstd, br, gzip, streams }) {
    const shop: Workshop = {
      types: new MediaTypes(types),
      minSize,
      eventStreams,
      levels: { zstd, br, gzip },
      most: streams,
      streams: 0,
    }
    let make: typeof Compressed
    let plain: Layer
    return {
      // node:zlib is loaded by who uses it.
      async open() {
        const loaded = await import('./compress/compressed.ts')
        make = loaded.Compressed
        plain = loaded.plain(shop)
      },
      handle(exchange, next) {
        const coding = negotiate(exchange.variables.HTTP_ACCEPT_ENCODING, codings)
        next(through(exchange, coding === undefined ? plain : new make(coding, shop)))
      },
    }
  },
}
