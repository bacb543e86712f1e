// The kinds of mounts. To add one: a file here, a line in this list.
import { app } from './app.ts'
import { asgi } from './asgi/mount.ts'
import { cgi } from './cgi/mount.ts'
import { fetch } from './fetch.ts'
import { files } from './files.ts'
import { jsgi } from './jsgi.ts'
import type { MountKind } from './mount.ts'
import { node } from './node.ts'
import { php } from './php/mount.ts'
import { python } from './python/mount.ts'
import { respond } from './respond.ts'
import { run } from './run/mount.ts'
import { upstream } from './upstream/mount.ts'

/** Every kind, in the order in which help and docs name them. */
export const kinds = [
  app,
  node,
  fetch,
  jsgi,
  python,
  asgi,
  php,
  run,
  cgi,
  files,
  respond,
  upstream,
] as const satisfies readonly MountKind[]
