// A stand-in for NGINX Unit 1.35.0, which cannot be installed here: its control API, and behind it listeners that do what the configuration says.
// The answers are those that a real one gave (../recorded.md, which recorded.test.ts plays to it). Small and strict: what it does not know
// is noted as a failure, and `stop` throws it.
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as bodyOf } from 'node:stream/consumers'
import { isList, isObject, member, type Json, type JsonObject } from '../../../plugin/unit/json.ts'
import { readPem, told } from './certificates.ts'
import { Listeners } from './listeners.ts'
import { jsonText } from './text.ts'
import { changed, found, Missing } from './tree.ts'
import { Invalid, Unknown, validate } from './validate.ts'

/** What is to be said in place of what Unit would say. */
export type Instead = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** How to start one. */
export interface StandInOptions {
  /** Of the control API: a path of a socket, or a port of the loopback address. Default: a free port. */
  readonly control?: string | undefined
  readonly config?: JsonObject
  /** Listeners are only noted. Default: they listen. */
  readonly idle?: boolean
}

interface Answer {
  readonly status: number
  readonly body: Json
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
}
const DONE: Answer = { status: 200, body: { success: 'Reconfiguration done.' } }
const ABSENT: Answer = { status: 404, body: { error: "Value doesn't exist." } }
const FORBIDDEN: Answer = { status: 405, body: { error: "Method isn't allowed." } }

/** One that runs. */
export class StandIn {
  config: JsonObject
  /** PEM by name. */
  readonly certificates = new Map<string, string>()
  /** `METHOD path` of each request that changed something, or would have. */
  readonly writes: string[] = []
  /** Looked at before each request: true when it has answered. */
  instead: Instead = () => false
  address = ''
  readonly failures: string[] = []
  readonly #server: Server
  readonly #listeners: Listeners | undefined
  // One at a time, as Unit has it.
  #queue: Promise<void> = Promise.resolve()

  private constructor({ config = {}, idle = false }: StandInOptions) {
    this.config = config
    this.#listeners = idle ? undefined : new Listeners(this.certificates, this.failures)
    this.#server = createServer((request, response) => {
      this.#queue = this.#queue.then(() => this.#serve(request, response))
    })
  }

  static async start(options: StandInOptions = {}): Promise<StandIn> {
    const one = new StandIn(options)
    if (options.control === undefined) one.#server.listen(0, '127.0.0.1')
    else one.#server.listen(options.control)
    await once(one.#server, 'listening')
    one.address =
      options.control === undefined
        ? `127.0.0.1:${(one.#server.address() as AddressInfo).port}`
        : `unix:${options.control}`
    await one.#listeners?.follow(one.config)
    return one
  }

  /** What someone else does meanwhile. */
  async change(path: string, deed: (there: Json | undefined) => Json | undefined): Promise<void> {
    this.config = changed(this.config, path.split('/'), deed) as JsonObject
    await this.#listeners?.follow(this.config)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await this.#listeners?.close()
    if (this.address.startsWith('unix:')) rmSync(this.address.slice(5), { force: true })
    if (this.failures.length > 0) throw new Error(`the stand-in for Unit does not know:\n${this.failures.join('\n')}`)
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Server', 'Unit/1.35.0')
    if (await this.instead(request, response)) return
    const { method = '', url = '' } = request
    if (method !== 'GET') this.writes.push(`${method} ${decodeURIComponent(url)}`)
    const given = await bodyOf(request).catch(() => undefined)
    // The client has left.
    if (given === undefined) return
    const { status, body } = await this.#answer(method, url, given)
    const text = jsonText(body)
    response.writeHead(status, REASONS[status], {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      Connection: 'close',
    })
    response.end(text)
  }

  async #answer(method: string, url: string, body: string): Promise<Answer> {
    const [section, ...path] = url
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent)
    try {
      if (section === 'config' && method !== 'GET') return await this.#reconfigure(method, path, body)
      if (section === 'certificates' && method !== 'GET') return this.#certificate(method, path, body)
      if (method !== 'GET') return FORBIDDEN
      return { status: 200, body: found(this.#whole(), section === undefined ? [] : [section, ...path]) }
    } catch (error) {
      if (error instanceof Missing) return ABSENT
      if (error instanceof Invalid)
        return { status: 400, body: { error: 'Invalid configuration.', detail: error.message } }
      this.failures.push(`${method} ${url}: ${error instanceof Unknown ? error.message : String(error)}`)
      return { status: 500, body: { error: 'The stand-in does not know.' } }
    }
  }

  #whole(): JsonObject {
    const certificates = Object.fromEntries([...this.certificates].map(([name, pem]) => [name, told(pem)]))
    const connections = { accepted: 1, active: 0, idle: 0, closed: 1 }
    const status = { modules: {}, connections, requests: { total: 1 }, applications: {} }
    return { certificates, config: this.config, status }
  }

  async #reconfigure(method: string, path: readonly string[], body: string): Promise<Answer> {
    if (method !== 'PUT' && method !== 'POST' && method !== 'DELETE') return FORBIDDEN
    let value: Json | undefined
    if (method !== 'DELETE') {
      // The one mistake of which it is recorded what Unit says.
      if (body.endsWith(':')) return cutOff(body)
      value = JSON.parse(body.replaceAll(/^\s*\/\/.*$/gm, '')) as Json
    }
    const next = changed(this.config, path, (there) => {
      if (method === 'PUT') return value
      if (method === 'DELETE') {
        if (there === undefined) throw new Missing()
        return path.length === 0 ? {} : undefined
      }
      if (!isList(there)) throw new Unknown('POST to what is no list')
      return [...there, value!]
    })
    validate(next!, [...this.certificates.keys()])
    if (Object.values(objectOf(next, 'applications')).some((one) => !existsSync(String(member(one, 'executable')))))
      return { status: 500, body: { error: 'Failed to apply new configuration.' } }
    this.config = next as JsonObject
    await this.#listeners?.follow(this.config)
    return DONE
  }

  #certificate(method: string, [name, ...more]: readonly string[], body: string): Answer {
    if (name === undefined || more.length > 0) return FORBIDDEN
    if (method === 'DELETE') {
      if (!this.certificates.has(name)) return ABSENT
      if (usedCertificates(this.config).includes(name))
        return { status: 400, body: { error: 'Certificate is used in the configuration.' } }
      this.certificates.delete(name)
      return { status: 200, body: { success: 'Certificate deleted.' } }
    }
    if (method !== 'PUT') return FORBIDDEN
    if (this.certificates.has(name)) throw new Unknown('a certificate under a name that is taken')
    if (!readPem(body)) return { status: 400, body: { error: 'Invalid certificate.' } }
    this.certificates.set(name, body)
    return { status: 200, body: { success: 'Certificate chain uploaded.' } }
  }
}

function cutOff(body: string): Answer {
  const detail = "Unexpected end of JSON payload.  There's an object member without a value."
  return {
    status: 400,
    body: { error: 'Invalid JSON.', detail, location: { offset: body.length, line: 1, column: body.length + 1 } },
  }
}

function objectOf(value: Json | undefined, name: string): JsonObject {
  const one = member(value, name)
  return isObject(one) ? one : {}
}

function usedCertificates(config: JsonObject): Json[] {
  return Object.values(objectOf(config, 'listeners')).flatMap((listener) => {
    const used = member(member(listener, 'tls'), 'certificate')
    return used === undefined ? [] : isList(used) ? [...used] : [used]
  })
}
