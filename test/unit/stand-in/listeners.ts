// The listeners of the stand-in: opened and closed as the configuration has them; what comes in goes by its routes.
import { once } from 'node:events'
import { createReadStream, existsSync, realpathSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isObject, member, type Json, type JsonObject } from '../../../plugin/unit/json.ts'
import { proxy, Status } from './proxy.ts'
import { actionFor } from './route.ts'

interface Listener {
  readonly server: Server
  readonly certificate: string | undefined
}

/** All of them. */
export class Listeners {
  readonly #certificates: ReadonlyMap<string, string>
  readonly #failures: string[]
  readonly #open = new Map<string, Listener>()
  #config: JsonObject = {}

  constructor(certificates: ReadonlyMap<string, string>, failures: string[]) {
    this.#certificates = certificates
    this.#failures = failures
  }

  /** Opens and closes what has changed. */
  async follow(config: JsonObject): Promise<void> {
    this.#config = config
    const wanted = Object.entries(isObject(config.listeners) ? config.listeners : {})
    for (const [address, { server, certificate }] of this.#open) {
      const still = wanted.find(([one]) => one === address)
      if (still && certificateOf(still[1]) === certificate) continue
      this.#open.delete(address)
      await closed(server)
    }
    for (const [address, listener] of wanted) {
      if (this.#open.has(address)) continue
      const certificate = certificateOf(listener)
      const serve = (request: IncomingMessage, response: ServerResponse): void =>
        void this.#serve(address, request, response)
      const pem = certificate === undefined ? undefined : this.#certificates.get(certificate)
      const server = pem === undefined ? createServer() : createSecure({ cert: pem, key: pem })
      // Unit leaves an Expect to whom it hands the request on to.
      server.on('request', serve).on('checkContinue', serve)
      const [, host, port] = /^(.+):(\d+)$/.exec(address)!
      server.listen(Number(port), host === '*' ? '127.0.0.1' : host)
      await once(server, 'listening')
      this.#open.set(address, { server, certificate })
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ server }) => closed(server)))
  }

  async #serve(address: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Server', 'Unit/1.35.0')
    try {
      const pass = member(member(this.#config.listeners, address), 'pass') as string
      const uri = normal(request.url ?? '')
      const action = actionFor(this.#config, pass, { method: request.method ?? '', host: hostOf(request), uri })
      if (!action) throw new Status(404)
      await act(action, uri, request, response)
    } catch (error) {
      if (!(error instanceof Status)) this.#failures.push(`${request.method} ${request.url}: ${String(error)}`)
      if (response.headersSent) return void response.destroy()
      const status = error instanceof Status ? error.status : 500
      // nxt_http_error.c
      const page = `<!DOCTYPE html><title>Error ${status}</title><p>Error ${status}.\r\n`
      response.writeHead(status, { 'Content-Type': 'text/html', 'Content-Length': page.length, Connection: 'close' })
      response.end(page)
    }
  }
}

async function act(action: JsonObject, uri: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (typeof action.proxy === 'string') return proxy(action.proxy, request, response)
  if (typeof action.return === 'number') throw new Status(action.return)
  if (typeof action.share !== 'string') throw new Error(`an action ${Object.keys(action).join(', ')}`)
  let file = action.share.replace('$uri', uri).replaceAll('${dollar}', '$')
  if (uri.endsWith('/')) file = join(file, String(action.index ?? 'index.html'))
  if (!existsSync(file) || !statSync(file).isFile() || (action.follow_symlinks === false && isLinked(file, action))) {
    if (!isObject(action.fallback)) throw new Status(404)
    return act(action.fallback, uri, request, response)
  }
  for (const [name, value] of Object.entries(isObject(action.response_headers) ? action.response_headers : {}))
    response.setHeader(name, String(value))
  response.writeHead(200, { 'Content-Length': statSync(file).size })
  await pipeline(createReadStream(file), response)
}

/** Whether a link is on the way from `chroot` to the file. */
function isLinked(file: string, { chroot }: JsonObject): boolean {
  return relative(realpathSync(String(chroot)), realpathSync(file)) !== relative(String(chroot), file)
}

function certificateOf(listener: Json): string | undefined {
  const name = member(member(listener, 'tls'), 'certificate')
  return name === undefined ? undefined : String(name)
}

function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** The path, its bytes decoded, dots and repeated slashes resolved. @throws {Status} 400 */
function normal(target: string): string {
  const raw = target.split(/[?#]/)[0]!
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) throw new Status(400)
  const latin1 = raw.replaceAll(/%(..)/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
  const path = Buffer.from(latin1, 'latin1').toString()
  const parts: string[] = []
  const segments = path.replace(/^\/+/, '').split('/')
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1
    if (segment === '..' && parts.pop() === undefined) throw new Status(400)
    if (segment === '' || segment === '.' || segment === '..') {
      if (last) parts.push('')
    } else parts.push(segment)
  }
  return `/${parts.join('/')}`
}

async function closed(server: Server): Promise<void> {
  const end = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await end
}
