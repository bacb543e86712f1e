// Whom a layer asks for itself: a path of this gateway (`/auth/check`), or a server by its URL (`http://10.0.0.7:9091/check`), which is spoken
// to as a mount of the kind `upstream` does it.
import * as v from 'valibot'
import { parseServer } from '../connect/server.ts'
import { ConfigError } from '../errors.ts'
import { answer } from '../mounted.ts'
import { upstream } from '../mounts/upstream/mount.ts'
import { decodePath, resolveDots, splitTarget } from '../variables.ts'
import type { MiddlewareContext, Next } from './middleware.ts'

/** Somebody who can be asked. */
export interface Asked {
  /** The request target: path and query, raw. */
  readonly target: string
  /** It is a path of this gateway. */
  readonly inside: boolean
  /** Has a request answered, whose target is that one. */
  readonly ask: Next
  /** @throws {ConfigError} when the server cannot be used */
  open(): Promise<void>
  close(): Promise<void>
}

/**
 * Reads a setting.
 * @param text a path that begins with a slash, or a URL
 * @param path the setting's place in the configuration
 * @throws {ConfigError} ADDRESS_BAD, ADDRESS_SYSTEM
 */
export function askedOf(text: string, path: string, context: MiddlewareContext): Asked {
  if (text.startsWith('/')) {
    checkTarget(text, path)
    return { target: text, inside: true, ask: context.ask, open: async () => {}, close: async () => {} }
  }
  const { origin, target } = takeApart(text)
  checkTarget(target, path)
  parseServer(origin, path, context.directory)
  const settings = v.parse(upstream.settings, { upstream: origin, forwarded: 'pass' })
  const { directory, log } = context
  const mount = upstream.create(settings, { key: context.mount ?? '', path, directory, log })
  return {
    target,
    inside: false,
    ask: (exchange) => answer(mount, exchange),
    open: () => mount.open(),
    close: () => mount.close(),
  }
}

/** A path of the file system has no end: a server at a Unix socket is asked for `/`. */
function takeApart(text: string): { origin: string; target: string } {
  const parts = /^([^/]*:\/\/(?!unix:|pipe:)[^/?#]*)(.*)$/i.exec(text)
  if (!parts) return { origin: text, target: '/' }
  const [, origin, rest] = parts
  return { origin: origin!, target: rest!.startsWith('/') ? rest! : `/${rest!}` }
}

function checkTarget(target: string, path: string): void {
  try {
    resolveDots(decodePath(splitTarget(target).path))
    if (/[^\x21-\x7e]|#/.test(target))
      throw new TypeError('it holds a blank, a # or what is no ASCII, which is percent-encoded')
  } catch (error) {
    throw new ConfigError(
      'ADDRESS_BAD',
      path,
      `${JSON.stringify(target)} cannot be asked for: ${(error as Error).message}`,
    )
  }
}
