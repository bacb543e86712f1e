// Mounts with layers around them that change nothing: whatever holds for a mount has to hold behind them.
import { pulledBody } from '../sidecar/body.ts'
import type { Exchange } from '../sidecar/exchange.ts'
import { through, type Layer } from '../sidecar/layer.ts'
import { answer } from '../sidecar/mounted.ts'
import type { Mount, MountKind } from '../sidecar/mounts/mount.ts'
import { copyVariables } from '../sidecar/variables.ts'

/** Stands in front of a mount: gives the exchange that the mount gets. */
export type Front = (outer: Exchange) => Exchange

/** Has nothing to do with anything. */
export const absent: Front = (outer) => through(outer, {})

/** Sees all there is, and passes it on by hand. */
const SEES_ALL: Required<Layer> = {
  head: (head) => ({ ...head }),
  body(bytes, last, outer) {
    if (!last) return bytes ? outer.write(bytes) : true
    outer.end(bytes)
    return true
  },
  upgrade: (head, outer) => outer.upgrade({ ...head }),
  failed: () => false,
  over: () => {},
}

/** Sees the request, too: its variables are a copy, its body comes by way of another. */
export const seesAll: Front = (outer) =>
  through(outer, SEES_ALL, {
    variables: copyVariables(outer.variables),
    body: outer.body.length === 0 ? outer.body : pulledBody(outer.body.length, () => outer.body.read()),
  })

/** A mount behind fronts, the first of them outermost. */
export function layeredMount(mount: Mount, fronts: readonly Front[]): Mount {
  return {
    open: () => mount.open(),
    handle: (exchange) =>
      answer(
        mount,
        fronts.reduce((outer, front) => front(outer), exchange),
      ),
    ...(mount.status && { status: () => mount.status!() }),
    close: () => mount.close(),
  }
}

/** The same for a kind of mount. Default: two that change nothing. */
export function layered(kind: MountKind, fronts: readonly Front[] = [absent, seesAll]): MountKind {
  return { ...kind, create: (settings, context) => layeredMount(kind.create(settings, context), fronts) }
}
