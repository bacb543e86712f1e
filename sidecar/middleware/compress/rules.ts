// Which responses are compressed, and what becomes of their heads.
import type { Variables } from '../../variables.ts'
import { isBodiless, type Head } from '../../wire/head.ts'
import type { MediaTypes } from '../media-types.ts'
import { mediaType } from '../media-types.ts'
import { fieldOf, withField, withoutFields, withVary } from '../response-fields.ts'
import type { Coding } from './negotiate.ts'

/** What the settings say of it. */
export interface Rules {
  readonly types: MediaTypes
  /** Bytes. */
  readonly minSize: number
  readonly eventStreams: boolean
}

/** Of Cache-Control, of a request or a response (RFC 9110 7.7, RFC 9111 5.2.1.6, 5.2.2.6). */
const NO_TRANSFORM = /(?:^|,)[ \t]*no-transform[ \t]*(?:,|$)/i

/** A type whose responses have no end: each event is to be there at once. */
const EVENT_STREAM = 'text/event-stream'

/** True for a response that might be sent in a coding; whether it is depends on the request alone. */
export function isCompressible(head: Head, { HTTP_CACHE_CONTROL: asked = '' }: Variables, rules: Rules): boolean {
  const { status } = head
  // A part of something has no coding of its own (RFC 9110 14.4), and neither has a response without content.
  if (isBodiless(status) || status === 205 || status === 206) return false
  if (fieldOf(head, 'content-range') !== undefined) return false
  const encoded = fieldOf(head, 'content-encoding')
  if (encoded !== undefined && encoded.toLowerCase() !== 'identity') return false
  if (!isOfTypes(head, rules)) return false
  const length = fieldOf(head, 'content-length')
  if (length !== undefined && Number(length) < rules.minSize) return false
  return !NO_TRANSFORM.test(fieldOf(head, 'cache-control') ?? '') && !NO_TRANSFORM.test(asked)
}

function isOfTypes(head: Head, { types, eventStreams }: Rules): boolean {
  const type = fieldOf(head, 'content-type')
  if (type === undefined) return false
  return mediaType(type) === EVENT_STREAM ? eventStreams : types.has(type)
}

/** True for a stream of events. */
export function isEventStream(head: Head): boolean {
  return mediaType(fieldOf(head, 'content-type') ?? '') === EVENT_STREAM
}

/** The head of a response that is sent in a coding: what is said of the bytes of the other form is not said of these (RFC 9110 8.4). */
export function encodedHead(head: Head, coding: Coding): Head {
  const bare = withoutFields(
    head,
    'content-length',
    'content-encoding',
    'accept-ranges',
    'content-md5',
    'digest',
    'content-digest',
    'repr-digest',
  )
  const tag = fieldOf(bare, 'etag')
  // The bytes are others, the meaning is the same: a weak validator (RFC 9110 8.8.1).
  const weakened = tag?.startsWith('"') ? withField(bare, 'ETag', `W/${tag}`) : bare
  return withField(weakened, 'Content-Encoding', coding)
}

/**
 * The head of a 304: it has what the 200 would have had (RFC 9110 15.4.5). Most apps name no type there; then it varies, as it might be of one
 * that is compressed.
 */
export function notModifiedHead(head: Head, { HTTP_IF_NONE_MATCH: asked = '' }: Variables, rules: Rules): Head {
  if (fieldOf(head, 'content-type') !== undefined && !isOfTypes(head, rules)) return head
  const varied = withVary(head, 'Accept-Encoding')
  const tag = fieldOf(varied, 'etag')
  return tag?.startsWith('"') && asked.includes(`W/${tag}`) ? withField(varied, 'ETag', `W/${tag}`) : varied
}
