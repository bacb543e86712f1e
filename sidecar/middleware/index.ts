// The built-in layers. To add one: a file here, a line in this list.
import { auth } from './auth/auth.ts'
import { cache } from './cache.ts'
import { compress } from './compress.ts'
import { cors } from './cors.ts'
import { errors } from './errors.ts'
import { headers } from './headers.ts'
import type { MiddlewareKind } from './middleware.ts'
import { proxyFix } from './proxy-fix.ts'
import { redirect } from './redirect.ts'
import { requestId } from './request-id.ts'
import { rewrite } from './rewrite.ts'
import { variables } from './variables.ts'

/** Every one, in the order in which help and docs name them. */
export const layers = [
  requestId,
  proxyFix,
  auth,
  headers,
  variables,
  cors,
  compress,
  cache,
  errors,
  rewrite,
  redirect,
] as const satisfies readonly MiddlewareKind[]
