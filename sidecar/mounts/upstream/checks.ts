// The health check: a request to every member from time to time. It takes the road of every request, so it works in every protocol.
import { RequestBody } from '../../body.ts'
import { UpstreamError, type SidegateError } from '../../errors.ts'
import { Exchange } from '../../exchange.ts'
import { emptyVariables, splitTarget, type Variables } from '../../variables.ts'
import { uploadOf } from '../../upload.ts'
import type { Member } from './member.ts'

/** How members are checked. Times in milliseconds. */
export interface CheckOptions {
  readonly path: string
  /** Host; undefined: the upstream's name. */
  readonly host: string | undefined
  readonly interval: number
  readonly timeout: number
  readonly healthy: number
  readonly unhealthy: number
  /** The folder of the scripts when it is PHP that is asked: its own pages, such as ping.path, are asked for by SCRIPT_NAME. */
  readonly scriptRoot: string | undefined
}

/** Checks one member until it is closed. */
export class Check {
  readonly #member: Member
  readonly #options: CheckOptions
  #timer: NodeJS.Timeout | undefined
  #exchange: Exchange | undefined
  /** Answers of the same kind in a row: above 0 good ones, below 0 bad ones. */
  #row = 0
  #closed = false

  constructor(member: Member, options: CheckOptions) {
    this.#member = member
    this.#options = options
  }

  /** The first check begins at once. */
  start(): void {
    void this.#run()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#exchange?.abort(new UpstreamError('CHECK_OVER', 'the check was stopped'))
  }

  async #run(): Promise<void> {
    const wrong = await this.#ask()
    if (this.#closed) return
    const { healthy, unhealthy, interval } = this.#options
    const good = wrong === undefined
    this.#row = good ? Math.max(0, this.#row) + 1 : Math.min(0, this.#row) - 1
    if (this.#row >= healthy) this.#member.checked(true, `${this.#row} checks in a row were good`)
    else if (-this.#row >= unhealthy)
      this.#member.checked(false, `${-this.#row} checks in a row failed: ${wrong!.message}`, wrong!.code)
    this.#timer = setTimeout(() => void this.#run(), interval)
  }

  /** What is wrong, if anything is. */
  async #ask(): Promise<{ message: string; code?: string } | undefined> {
    const { timeout } = this.#options
    let failure: SidegateError | undefined
    let status = 0
    const carrier = {
      start: (head: { status: number }) => ((status = head.status), true),
      write: () => true,
      finish: () => {},
      cut: () => {},
    }
    const observer = { failed: (_: Exchange, error: SidegateError) => void (failure = error), done: () => {} }
    const door = { protocol: 'check', address: 'check' }
    const exchange = new Exchange(carrier, observer, door, this.#variables(), new RequestBody(0))
    this.#exchange = exchange
    let late: UpstreamError | undefined
    const timer = setTimeout(() => {
      late = new UpstreamError('CHECK_LATE', `no whole answer within ${timeout / 1000} s`, 504)
      exchange.abort(late)
    }, timeout)
    try {
      await this.#member.backend.handle(exchange, uploadOf(exchange.body))
    } catch (error) {
      failure = error as SidegateError
    } finally {
      clearTimeout(timer)
      this.#exchange = undefined
    }
    if (failure ?? late) return failure ?? late
    return status >= 200 && status < 400 ? undefined : { message: `the status was ${status}` }
  }

  #variables(): Variables {
    const { path, host, scriptRoot } = this.#options
    const target = splitTarget(path)
    const variables = emptyVariables()
    variables.REQUEST_METHOD = 'GET'
    variables.REQUEST_URI = path
    variables.SCRIPT_NAME = scriptRoot === undefined ? '' : target.path
    variables.PATH_INFO = scriptRoot === undefined ? target.path : ''
    variables.QUERY_STRING = target.query
    if (scriptRoot !== undefined) variables.SCRIPT_FILENAME = scriptRoot + target.path
    variables.SERVER_PROTOCOL = 'HTTP/1.1'
    variables.GATEWAY_INTERFACE = 'CGI/1.1'
    variables.SERVER_NAME = host ?? 'localhost'
    variables.SERVER_PORT = '80'
    variables.REMOTE_ADDR = '127.0.0.1'
    if (host !== undefined) variables.HTTP_HOST = host
    variables.HTTP_USER_AGENT = 'Sidegate (health check)'
    return variables
  }
}
