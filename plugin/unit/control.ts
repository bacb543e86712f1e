// Unit's control API: JSON over HTTP, on a Unix socket or an address. One request a connection, as Unit closes each.
import { request, type IncomingMessage } from '../../sidecar/node-http.ts'
import { formatEndpoint, parseAddress, socketAddress, type Endpoint } from '../../sidecar/address.ts'
import { ConfigError } from '../../sidecar/errors.ts'
import { quoted } from '../../sidecar/line.ts'
import { member, placeText, type Json, type Place } from './json.ts'
import { Refusal, refused } from './refusal.ts'

/** An answer may be so long, in bytes: a configuration is some KB. */
const ANSWER_MAX = 16 * 1024 * 1024

/** How to find Unit, for people whose address was wrong. */
const WHERE = 'packages and images of Unit have unix:/var/run/control.unit.sock; `unitd --help` names what was built in'

/** The API of one Unit. */
export class Control {
  /** As it is written. */
  readonly address: string
  readonly endpoint: Endpoint
  /** `Unit/1.35.0`, once it has answered and says so. */
  server: string | undefined

  readonly #timeout: number

  /**
   * @param timeout seconds that an answer may take: Unit starts apps before it gives one
   * @throws {ConfigError} ADDRESS_BAD
   */
  constructor(address: string, timeout: number) {
    const { protocol, endpoint } = parseAddress(address, '--control')
    if (protocol !== undefined && protocol !== 'http') {
      throw new ConfigError('ADDRESS_BAD', '--control', `Unit's control API speaks http, not ${protocol}`)
    }
    this.endpoint = endpoint
    this.#timeout = timeout
    this.address = formatEndpoint(endpoint)
  }

  /** What is at a place; undefined when there is nothing. @throws {ConfigError} UNIT_… */
  async get(place: Place): Promise<Json | undefined> {
    const { status, json } = await this.#call('GET', place)
    if (status === 404) return undefined
    try {
      return this.#done(status, json)
    } catch (error) {
      throw error instanceof Refusal ? refused(error, place, undefined) : error
    }
  }

  /** Puts a value at a place. @throws {Refusal} */
  async put(place: Place, value: Json): Promise<void> {
    const { status, json } = await this.#call('PUT', place, JSON.stringify(value))
    this.#done(status, json)
  }

  /** Takes out what is at a place. @throws {Refusal} */
  async delete(place: Place): Promise<void> {
    const { status, json } = await this.#call('DELETE', place)
    this.#done(status, json)
  }

  /** Uploads a certificate chain with its key, as PEM. @throws {Refusal} */
  async upload(name: string, pem: string): Promise<void> {
    const { status, json } = await this.#call('PUT', ['certificates', name], pem)
    this.#done(status, json)
  }

  #done(status: number, json: Json): Json {
    if (status >= 200 && status < 300) return json
    const error = member(json, 'error')
    const detail = member(json, 'detail')
    if (typeof error !== 'string') throw this.#nonsense(`status ${status} without an error`)
    throw new Refusal(status, error, typeof detail === 'string' ? detail : '')
  }

  async #call(method: string, place: Place, body?: string): Promise<{ status: number; json: Json }> {
    const text = placeText(place)
    const { status, bytes } = await this.#send(method, text, place, body)
    try {
      return { status, json: JSON.parse(bytes) as Json }
    } catch {
      throw this.#nonsense(`status ${status} and ${quoted(bytes.slice(0, 60))}`)
    }
  }

  #send(
    method: string,
    text: string,
    place: Place,
    body: string | undefined,
  ): Promise<{ status: number; bytes: string }> {
    return new Promise((resolve, reject) => {
      const target = socketAddress(this.endpoint)
      const call = request({
        ...('path' in target ? { socketPath: target.path } : target),
        method,
        path: `/${place.map((step) => encodeURIComponent(step)).join('/')}`,
        headers: { Host: 'localhost', ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }) },
        agent: false,
      })
      // For the whole of it, as one that says a byte now and then would hold a command up for ever.
      const timer = setTimeout(() => {
        const unknown = method === 'GET' ? '' : '; whether that was done is not known'
        call.destroy(
          new ConfigError(
            'UNIT_TIMEOUT',
            '--control',
            `${this.address} did not answer ${method} ${text} within ${this.#timeout} s${unknown}`,
          ),
        )
      }, this.#timeout * 1000)
      const fail = (error: Error): void => {
        clearTimeout(timer)
        reject(error instanceof ConfigError ? error : this.#unreachable(error))
      }
      call.on('error', fail)
      // Without this, node:http would end the connection and say nothing.
      call.on('upgrade', (_, socket) => {
        socket.destroy()
        fail(this.#nonsense('status 101'))
      })
      call.on('response', (response) => {
        response.on('error', fail)
        this.#read(response, (bytes) => {
          clearTimeout(timer)
          resolve({ status: response.statusCode ?? 0, bytes })
        })
      })
      call.end(body)
    })
  }

  #read(response: IncomingMessage, done: (bytes: string) => void): void {
    const { server } = response.headers
    if (typeof server === 'string') this.server = server
    let bytes = ''
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      bytes += piece
      if (bytes.length > ANSWER_MAX) response.destroy(this.#nonsense('more than 16 MB'))
    })
    response.on('end', () => done(bytes))
  }

  #nonsense(what: string): ConfigError {
    return new ConfigError(
      'UNIT_ANSWER',
      '--control',
      `what answers at ${this.address} is not Unit's control API: it gave ${what}; ${WHERE}`,
    )
  }

  #unreachable(error: NodeJS.ErrnoException): ConfigError {
    const { code = '', message } = error
    if (code.startsWith('HPE_')) return this.#nonsense('no HTTP')
    const why =
      code === 'ENOENT'
        ? `there is no socket ${this.address}: is Unit running? ${WHERE}`
        : code === 'ECONNREFUSED'
          ? `nobody listens on ${this.address}: is Unit running? ${WHERE}`
          : code === 'EACCES' || code === 'EPERM'
            ? `this user may not open ${this.address}: Unit's control socket is root's, so run this as root`
            : `${this.address} does not answer: ${message}`
    return new ConfigError('UNIT_UNREACHABLE', '--control', why, { cause: error })
  }
}
