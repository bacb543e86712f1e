// Who visits an application: keeps cookies, follows redirects, and looks at everything that a page is made of.

/** A page, once there was no further redirect. */
export interface Page {
  readonly status: number
  /** Path and query. */
  readonly path: string
  readonly headers: Headers
  readonly text: string
}

const REDIRECTS_MAX = 10

/** One browser, of one web server. */
export class Visitor {
  /** `http://127.0.0.1:PORT` */
  readonly base: string
  readonly #cookies = new Map<string, { value: string; path: string }>()

  constructor(base: string) {
    this.base = base
  }

  /** The cookies that a path is sent: `a=1; b=2`. */
  cookies(path: string): string {
    const fit = [...this.#cookies].filter(([, cookie]) => isBelow(path, cookie.path))
    return fit.map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  /** Asks once. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookies = this.cookies(new URL(path, this.base).pathname)
    if (cookies !== '') headers.set('Cookie', cookies)
    const response = await fetch(new URL(path, this.base), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) this.#keep(line, new URL(path, this.base).pathname)
    return response
  }

  /** Asks, and follows. */
  async visit(path: string, init: RequestInit = {}): Promise<Page> {
    let at = new URL(path, this.base)
    let asked = init
    for (let count = 0; count < REDIRECTS_MAX; count++) {
      const response = await this.ask(at.pathname + at.search, asked)
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) {
        return {
          status: response.status,
          path: at.pathname + at.search,
          headers: response.headers,
          text: await response.text(),
        }
      }
      await response.body?.cancel()
      const next = new URL(location, at)
      if (next.origin !== at.origin) throw new Error(`${at.pathname} sends its clients to ${next.href}`)
      at = next
      if (response.status !== 307 && response.status !== 308) asked = {}
    }
    throw new Error(`${path} has no end of redirects`)
  }

  /** Sends a form. */
  submit(path: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<Page> {
    return this.visit(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  }

  /** Asks for every style sheet, script and image of a page. @returns how many there are */
  async everyPart(page: Page): Promise<number> {
    const names = [...page.text.matchAll(/<(?:script|img|link)\b[^>]*?\b(?:src|href)=["']([^"']+)["'][^>]*>/gi)]
      .filter(([tag]) => !/^<link/i.test(tag) || /rel=["']?(?:stylesheet|icon|shortcut|modulepreload)/i.test(tag))
      .map(([, name]) => name!.replaceAll('&amp;', '&'))
      .filter((name) => !name.startsWith('data:'))
    for (const name of new Set(names)) {
      const url = new URL(name, this.base + page.path)
      if (url.origin !== this.base) throw new Error(`the page ${page.path} names ${name}, which is not of this server`)
      const { status } = await this.visit(url.pathname + url.search)
      if (status !== 200) throw new Error(`${name} of the page ${page.path} is ${status}`)
    }
    return new Set(names).size
  }

  #keep(line: string, asked: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const path = attributes.findLast((one) => /^path=/i.test(one))?.slice('path='.length)
    const over = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=.*(?:1970)/i.test(one))
    if (over) this.#cookies.delete(name)
    else this.#cookies.set(name, { value, path: path?.startsWith('/') ? path : asked.replace(/\/[^/]*$/, '') || '/' })
  }
}

function isBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`)
}
