// Every built-in layer in settings with which it does its work and changes nothing: whatever holds for a mount has to hold behind them all.
import { join } from 'node:path'
import * as v from 'valibot'
import type { Exchange } from '../../sidecar/exchange.ts'
import { layeredMount } from '../../sidecar/library/layered-mount.ts'
import { layers } from '../../sidecar/middleware/index.ts'
import type { Middleware, MiddlewareKind } from '../../sidecar/middleware/middleware.ts'
import type { MountContext, MountKind } from '../../sidecar/mounts/mount.ts'

/** An address that nobody has (RFC 5737). */
const NOBODY = '192.0.2.200'
const NOWHERE = '/nothing-is-here'

/** The settings of each; the compiler asks for those of a new one. */
const neutral: Readonly<Record<(typeof layers)[number]['name'], Readonly<Record<string, unknown>>>> = {
  'request-id': {},
  'proxy-fix': { trust: [NOBODY], untrusted: 'pass' },
  auth: { users: ['nobody:nothing'], plain: true, path: NOWHERE },
  headers: { request: { remove: ['X-Nobody-Has-This'] }, response: { remove: ['X-Nobody-Has-This'] } },
  variables: { remove: ['NOBODY_HAS_THIS'] },
  cors: { origins: ['*'] },
  compress: {},
  cache: {},
  mirror: { to: NOWHERE },
  errors: { pages: { 451: `ask:${NOWHERE}` } },
  'try-files': { root: join(import.meta.dirname, '../../examples/public'), index: [] },
  xslt: { sheet: join(import.meta.dirname, 'identity.xsl'), types: ['application/x-nobody-has-this'] },
  rewrite: { rules: [{ from: NOWHERE, to: '/' }] },
  redirect: { rules: [{ from: NOWHERE, to: '/' }] },
  access: { deny: NOBODY },
  limit: { rate: '100000/s', concurrent: 10_000, body: 2 ** 40 },
  timeout: { response: 600, idle: 600, total: 600 },
  retry: { attempts: 2, statuses: [509] },
  circuit: { statuses: [509] },
}

/** Nobody looks at what is answered to layers themselves. */
function answered(exchange: Exchange): void {
  exchange.body.discard()
  exchange.respond({ status: 204, reason: '', headers: [] })
  exchange.end()
}

function neutralLayers({ path, key, directory, log }: MountContext): Middleware[] {
  return layers.map((kind: MiddlewareKind, index) => {
    const place = { path: `${path}.use.${index}`, mount: key, directory, log, ask: answered }
    return kind.create(v.parse(kind.settings, neutral[kind.name as keyof typeof neutral]), place)
  })
}

/** A kind of mount with all of them in front. */
export function behindAll(kind: MountKind): MountKind {
  return {
    ...kind,
    create: (settings, context) =>
      layeredMount(kind.create(settings, context), neutralLayers(context), () => neutralLayers(context)),
  }
}
