// The built-in layers. To add one: a file here, a line in this list.
import { access } from './access.ts'
import { auth } from './auth/auth.ts'
import { cache } from './cache.ts'
import { circuit } from './circuit/circuit.ts'
import { compress } from './compress.ts'
import { cors } from './cors.ts'
import { errors } from './errors.ts'
import { headers } from './headers.ts'
import { limit } from './limit/limit.ts'
import type { MiddlewareKind } from './middleware.ts'
import { mirror } from './mirror.ts'
import { proxyFix } from './proxy-fix.ts'
import { redirect } from './redirect.ts'
import { requestId } from './request-id.ts'
import { retry } from './retry/retry.ts'
import { rewrite } from './rewrite.ts'
import { timeout } from './timeout.ts'
import { tryFiles } from './try-files.ts'
import { variables } from './variables.ts'
import { xslt } from './xslt.ts'

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
  mirror,
  errors,
  rewrite,
  redirect,
  access,
  limit,
  timeout,
  retry,
  circuit,
  xslt,
  tryFiles,
] as const satisfies readonly MiddlewareKind[]
