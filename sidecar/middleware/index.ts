// The built-in layers. To add one: a file here, a line in this list.
import { auth } from './auth/auth.ts'
import type { MiddlewareKind } from './middleware.ts'
import { compress } from './compress.ts'
import { requestId } from './request-id.ts'

/** Every one, in the order in which help and docs name them. */
export const layers = [requestId, compress, auth] as const satisfies readonly MiddlewareKind[]
