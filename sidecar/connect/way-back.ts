// What a server says of its own URLs, on the way to clients that have asked for others: Location, Content-Location, Refresh and the paths and
// domains of cookies, as nginx's proxy_redirect and Apache's ProxyPassReverse do it, but parsed. And what clients say of them on the way there:
// Destination (RFC 4918 10.3).
import type { Exchange } from '../exchange.ts'
import { through, type Layer } from '../layer.ts'
import { visible } from '../line.ts'
import type { Log } from '../log.ts'
import { copyVariables, encodePath, isSecure, splitHost, type Variables } from '../variables.ts'
import type { Head, HeaderPair } from '../wire/head.ts'
import { movedCookie, type CookieRules } from './cookie.ts'
import { movedPath, restBelow } from './moved-path.ts'
import { originOf, parseUrl } from './origin.ts'

/** A server, as it may name itself. */
export interface OwnName {
  /** `http`, or `https`. */
  readonly scheme: string
  /** Host and port. */
  readonly authority: string
}

/** How the URLs of a server differ from those of its clients. */
export interface WayBackOptions {
  /** The path of the server, without a slash at its end; empty: the root. */
  readonly path: string
  /** It is asked for the prefix of the mount, too. */
  readonly keepPrefix: boolean
  /** The Host that is sent: as of FieldOptions. */
  readonly host: string
  /** Whether Location and the like are mapped. */
  readonly locations: boolean
  /** `narrow`: those for the whole server are for the mount alone. */
  readonly cookies: 'map' | 'narrow' | 'pass'
  /** The servers as they are now. */
  readonly names: () => readonly OwnName[]
  readonly log: Log
  /** The mount's key, for the log. */
  readonly mount: string
}

/** Maps the URLs of one mount. */
export class WayBack {
  readonly #options: WayBackOptions
  readonly #layer: Layer
  #told = false

  constructor(options: WayBackOptions) {
    this.#options = options
    this.#layer = {
      head: (head, outer) => this.#head(head, outer.variables),
      upgrade: (head, outer) => outer.upgrade(this.#head(head, outer.variables)),
    }
  }

  /** The exchange for the server of one that is a client's. */
  enter(exchange: Exchange): Exchange {
    const { HTTP_DESTINATION: destination } = exchange.variables
    if (destination === undefined || !this.#options.locations) return through(exchange, this.#layer)
    const variables = copyVariables(exchange.variables)
    variables.HTTP_DESTINATION = this.#toServer(destination, variables)
    return through(exchange, this.#layer, { variables })
  }

  #head(head: Head, variables: Variables): Head {
    const headers = head.headers.map((pair) => this.#field(pair, variables))
    return headers.every((pair, index) => pair === head.headers[index])
      ? head
      : { status: head.status, reason: head.reason, headers }
  }

  #field(pair: HeaderPair, variables: Variables): HeaderPair {
    const [name, value] = pair
    const { locations, cookies } = this.#options
    switch (name.toLowerCase()) {
      case 'location':
      case 'content-location':
        return locations ? [name, this.#toClient(value, variables)] : pair
      case 'refresh':
        return locations ? [name, this.#refresh(value, variables)] : pair
      case 'set-cookie':
        return cookies === 'pass' ? pair : [name, movedCookie(value, this.#cookieRules(variables))]
      default:
        return pair
    }
  }

  #toClient(value: string, variables: Variables): string {
    const url = parseUrl(value)
    if (!url) return value
    const { scheme, authority, path, rest } = url
    const whose = authority === undefined ? 'client' : this.#whose(scheme, authority, variables)
    if (whose === undefined) return value
    const prefix = prefixOf(variables)
    const base = this.#base(prefix)
    // One that knows where it is mounted has said it already.
    if (prefix !== '' && prefix.length >= base.length && restBelow(path, prefix) !== undefined)
      return whose === 'client' ? value : path + rest
    const moved = movedPath(path, base, prefix)
    if (moved === undefined) this.#outside(path)
    return moved === undefined ? value : moved + rest
  }

  /** HTML, "shared declarative refresh steps": seconds, a `;` or `,`, perhaps `url=`, and perhaps quotes. */
  #refresh(value: string, variables: Variables): string {
    const match = /^(\s*[\d.]+[\s;,]+(?:url\s*=\s*)?)(["']?)([^]*)$/i.exec(value)
    if (!match) return value
    const [, before, quote, others] = match
    const end = quote === '' ? -1 : others!.indexOf(quote!)
    const url = end < 0 ? others! : others!.slice(0, end)
    return before! + quote! + this.#toClient(url, variables) + others!.slice(url.length)
  }

  #cookieRules(variables: Variables): CookieRules {
    const prefix = prefixOf(variables)
    const base = this.#base(prefix)
    const narrow = this.#options.cookies === 'narrow'
    return {
      path: (path) => {
        if (!path.startsWith('/')) return undefined
        if (path === '/') return narrow ? prefix || '/' : undefined
        if (prefix !== '' && prefix.length >= base.length && restBelow(path, prefix) !== undefined) return undefined
        return movedPath(path, base, prefix)
      },
      isOwn: (domain) =>
        domain !== clientHost(variables).toLowerCase() &&
        this.#options.names().some(({ authority }) => splitHost(authority).name.toLowerCase() === domain),
    }
  }

  /** Whom a URL of this scheme and authority is of: the host that the client has asked, a server, or neither. */
  #whose(scheme: string | undefined, authority: string, variables: Variables): 'client' | 'server' | undefined {
    const { names, host } = this.#options
    const own = isSecure(variables) ? 'https' : 'http'
    const servers = names()
    // A server that is not told of TLS in front of it takes its own scheme for the client's.
    for (const one of new Set([own, ...servers.map((server) => server.scheme)])) {
      if (scheme !== undefined && scheme !== one) continue
      const origin = originOf(one, authority)
      if (origin === originOf(one, variables.HTTP_HOST || clientHost(variables))) return 'client'
      if (host !== 'client' && host !== 'upstream' && origin === originOf(one, host)) return 'server'
      if (servers.some((server) => server.scheme === one && origin === originOf(one, server.authority))) return 'server'
    }
    return undefined
  }

  #toServer(value: string, variables: Variables): string {
    const url = parseUrl(value)
    if (!url) return value
    const { scheme, authority, path, rest } = url
    if (authority !== undefined && this.#whose(scheme, authority, variables) !== 'client') return value
    const prefix = prefixOf(variables)
    const moved = movedPath(path, prefix, this.#base(prefix))
    if (moved === undefined) return value
    return authority === undefined ? moved + rest : this.#sentOrigin(scheme, authority) + moved + rest
  }

  /** Of the Host that the server is sent, which it compares with. */
  #sentOrigin(scheme: string | undefined, authority: string): string {
    const { host, names } = this.#options
    const [server] = names()
    if (host === 'client' || !server) return `${scheme === undefined ? '' : `${scheme}:`}//${authority}`
    return `${server.scheme}://${host === 'upstream' ? server.authority : host}`
  }

  #base(prefix: string): string {
    const { path, keepPrefix } = this.#options
    return keepPrefix ? path + prefix : path
  }

  #outside(path: string): void {
    if (this.#told) return
    this.#told = true
    const { log, mount, path: own } = this.#options
    const message = `the server sends clients to ${visible(path.slice(0, 200))}, which is not below its path ${own}: they are sent there as it says. This is said once`
    log.warn(message, { code: 'LOCATION_OUTSIDE', mount })
  }
}

function prefixOf({ SCRIPT_NAME: script = '' }: Variables): string {
  return encodePath(script)
}

function clientHost({ HTTP_HOST: host = '', SERVER_NAME: name = '' }: Variables): string {
  return host === '' ? name : splitHost(host).name
}
