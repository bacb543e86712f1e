// Virtual host and longest prefix → a mount in its place. A prefix matches whole segments; what no mount matches is nobody's. On Windows it
// matches in whichever letters, as a folder does there: who writes /ADMIN must not get past the mount /admin to a files mount around it.
import { foldedPath, isWindows } from './file-names.ts'
import { parseMountPlace, type MountPlace } from './mount-place.ts'
import { copyVariables, type Variables } from './variables.ts'

/** The host name of a request: HTTP_HOST without port and the dot of a full name (RFC 3986 3.2.2), lower case; else SERVER_NAME. */
export function hostOf(variables: Variables): string {
  const host = variables.HTTP_HOST || variables.SERVER_NAME || ''
  const name = host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/\.?(?::[0-9]*)?$/, '')
  return name.toLowerCase()
}

/** What requests are routed to. */
export interface Keyed {
  /** As in the configuration: a prefix, a host, or both. */
  readonly key: string
}

interface Route<T> extends MountPlace {
  to: T
}

/** Where a request belongs. */
export interface Match<T> {
  readonly to: T
  /** The variables as they are seen there: SCRIPT_NAME longer by the prefix, PATH_INFO shorter; the original is untouched. */
  readonly variables: Variables
}

/** Routes requests. Its places are fixed; who is there may change. */
export class Router<T extends Keyed> {
  readonly #routes: readonly Route<T>[]
  readonly #platform: NodeJS.Platform
  readonly #folds: boolean

  constructor(all: readonly T[], platform: NodeJS.Platform = process.platform) {
    this.#platform = platform
    this.#folds = isWindows(platform)
    this.#routes = all
      .map((to) => ({ to, ...parseMountPlace(to.key) }))
      .map((route) => ({ ...route, prefix: foldedPath(route.prefix, platform) }))
      .toSorted((a, b) => b.host.length - a.host.length || b.prefix.length - a.prefix.length)
  }

  /** Puts another one in the place of the one with its key. */
  put(other: T): void {
    for (const route of this.#routes) if (route.to.key === other.key) route.to = other
  }

  /** Where a request belongs, or undefined when that is nowhere. SCRIPT_NAME and PATH_INFO are those that the host gave. */
  match(variables: Variables): Match<T> | undefined {
    const path = variables.PATH_INFO ?? ''
    const compared = this.#folds ? foldedPath(path, this.#platform) : path
    let host: string | undefined
    for (const { to, host: wanted, prefix } of this.#routes) {
      if (wanted !== '' && wanted !== (host ??= hostOf(variables))) continue
      if (prefix === '') return { to, variables }
      if (
        !compared.startsWith(prefix) ||
        (path.length > prefix.length && path.charCodeAt(prefix.length) !== 47) /* / */
      )
        continue
      const shifted = copyVariables(variables)
      // As the client wrote it: links that begin with it lead to where it is, cookies too.
      shifted.SCRIPT_NAME = (variables.SCRIPT_NAME ?? '') + path.slice(0, prefix.length)
      shifted.PATH_INFO = path.slice(prefix.length)
      return { to, variables: shifted }
    }
    return undefined
  }
}
