// The layer `mirror`: a copy of each request goes to another mount, too, and what that answers is thrown away: to try a new version of an app with what
// real clients ask.
import * as v from 'valibot'
import { pulledBody, type RequestBody } from '../body.ts'
import type { Exchange } from '../exchange.ts'
import { through } from '../layer.ts'
import { count, memory, seconds } from '../quantity.ts'
import { requestTargets } from '../targets.ts'
import { copyVariables, encodePath, type Variables } from '../variables.ts'
import type { MiddlewareKind } from './middleware.ts'
import { Mirrored } from './mirror/mirrored.ts'
import { givenScript } from './question.ts'

const settings = v.strictObject({
  to: v.pipe(
    v.string(),
    v.regex(/^\/(?:[^?#]*[^?#/])?$/, 'is a path without a slash at its end, such as /next'),
    v.description('The path, of this gateway, below which the copy is asked for: that of another mount.'),
  ),
  percent: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(100)), 100),
    v.description('How many of a hundred requests are copied.'),
  ),
  maxBody: memory(1024 * 1024, 'Bytes of a body that is copied; a request with a longer one is not.'),
  most: count(
    1,
    100,
    'Copies that are under way at the same time, and those whose bodies still come; no more are made meanwhile.',
  ),
  timeout: seconds(30, 'How long a copy may take, in seconds.', 0.001),
})

export const mirror: MiddlewareKind<'mirror', typeof settings, 'to'> = {
  name: 'mirror',
  summary: 'Sends a copy of each request to another mount, and throws away what that answers.',
  settings,
  short: 'to',
  create({ to, percent, maxBody, most, timeout }, { ask, log, mount }) {
    const mirrored = new Mirrored({ to, most, timeout: timeout * 1000, ask, log })
    let share = 0
    const isChosen = (exchange: Exchange): boolean => {
      // A copy is not copied, nor is what a mount has answered anew.
      if (exchange.hops > 0 || exchange.upgradeAsked !== undefined || (exchange.body.length ?? 0) > maxBody)
        return false
      share += percent
      if (share < 100) return false
      share -= 100
      return true
    }
    return {
      handle(exchange, next) {
        if (!isChosen(exchange)) return next(exchange)
        const variables = copyFor(exchange.variables, to, mount)
        if (exchange.body.empty) {
          next(exchange)
          return mirrored.send(exchange, variables, new Uint8Array())
        }
        const arrived = mirrored.expect()
        if (!arrived) return next(exchange)
        const copied = (bytes: Uint8Array | undefined): void => {
          arrived()
          if (bytes) mirrored.send(exchange, variables, bytes)
        }
        next(through(exchange, { over: arrived }, { body: copiedBody(exchange.body, maxBody, copied) }))
      },
      async close() {
        mirrored.close()
      },
    }
  },
}

/** The variables of the copy: below the prefix that the web server in front has taken away from the path, if any. */
function copyFor(variables: Variables, to: string, mount: string | undefined): Variables {
  const copy = copyVariables(variables)
  const base = to === '/' ? '' : to
  const script = givenScript(variables, mount)
  copy.SCRIPT_NAME = script
  copy.PATH_INFO = `${base}${variables.PATH_INFO ?? ''}`
  copy.REQUEST_URI = `${encodePath(script)}${base}${requestTargets(variables).below}`
  // The body is whole when it is sent.
  delete copy.HTTP_EXPECT
  delete copy.HTTP_TRANSFER_ENCODING
  return copy
}

/** A body as the app reads it; `copied` gets all of it once it is there, or nothing when it is longer than `max`. One that is not read to its end is not told of. */
function copiedBody(body: RequestBody, max: number, copied: (bytes: Uint8Array | undefined) => void): RequestBody {
  let pieces: Uint8Array[] | undefined = []
  let size = 0
  const done = (): void => {
    if (pieces) copied(Buffer.concat(pieces))
    pieces = undefined
  }
  return pulledBody(body.length, async () => {
    const bytes = await body.read()
    if (bytes) {
      size += bytes.byteLength
      if (size > max && pieces) {
        pieces = undefined
        copied(undefined)
      }
      pieces?.push(Uint8Array.from(bytes))
    }
    if (!bytes || size === body.length) done()
    return bytes
  })
}
