// One request answered by one script: what the script writes becomes a response (RFC 3875 6), what goes wrong an error.
import { doubt } from '../../doubt.ts'
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Log, LogFields } from '../../log.ts'
import { redispatch, REDISPATCH_MAX } from '../../redispatch.ts'
import { describeExit, type Exit } from '../../processes/exit.ts'
import { isShort } from '../files/failure.ts'
import type { Head } from '../../wire/head.ts'
import { HeadReader } from '../../wire/head-reader.ts'
import type { Upload } from '../../upload.ts'
import { ScriptProcess, type ProcessOptions, type ScriptListener } from './process.ts'
import { localPath, redirected } from './redirect.ts'

/** What is run, and for which mount. */
export interface RunOptions extends ProcessOptions {
  /** For messages: the file of the script. */
  readonly script: string
  readonly mount: string
  readonly log: Log
  /** The process is over. */
  readonly ended: (run: ScriptRun) => void
}

/** A request with its script. */
export class ScriptRun implements ScriptListener {
  readonly #exchange: Exchange
  readonly #options: RunOptions
  readonly #process: ScriptProcess
  readonly #reader = new HeadReader()
  /** `head`: not complete yet; `body`; `redirect`: what it writes is not asked for; `done`: its request is over. */
  #state: 'head' | 'body' | 'redirect' | 'done' = 'head'
  #location = ''
  /** The head that the exchange was given. */
  #given: Head | undefined

  constructor(exchange: Exchange, upload: Upload, options: RunOptions) {
    this.#exchange = exchange
    this.#options = options
    this.#process = new ScriptProcess(options, upload, this)
    exchange.onAbort(() => this.#abandon())
  }

  /** Of its process; undefined where there is none. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Ends the process; its request, if there still is one, gets an error. */
  stop(): void {
    this.#fail(new UpstreamError('POOL_CLOSED', 'the scripts are being stopped', 503))
  }

  output(bytes: Uint8Array): boolean {
    try {
      if (this.#state === 'body') return this.#write(bytes)
      if (this.#state !== 'head') return true
      const head = this.#reader.push(bytes)
      if (head) this.#head(head)
      const { rest } = this.#reader
      return head && rest && rest.byteLength > 0 && this.#isBody ? this.#write(rest) : true
    } catch (error) {
      this.#fail(this.#inScript(error))
      return true
    }
  }

  errorLine(line: string): void {
    this.#options.log.warn(line, { ...this.#fields, stream: 'stderr' })
  }

  waitsForClient(): boolean {
    return this.#exchange.body.wanted
  }

  late(): void {
    const { script, timeout, log } = this.#options
    const what = `${script} wrote nothing for ${timeout / 1000} s (timeout)`
    if (this.#state === 'done') {
      log.warn(`${what} after its response, and was stopped`, { ...this.#fields, code: 'CGI_TIMEOUT' })
      this.#process.stop()
    } else this.#fail(new UpstreamError('CGI_TIMEOUT', `${what} and was stopped`, 504))
  }

  outputClosed(): void {
    if (this.#state !== 'head') this.#finish()
  }

  outputHeld(): void {
    const message = `${this.#options.script} is over, but a process that it started still has its stdout: the response ends without it`
    this.#options.log.warn(message, { ...this.#fields, code: 'CGI_OUTPUT_HELD' })
  }

  exited(exit: Exit): void {
    try {
      this.#exited(exit)
    } finally {
      this.#options.ended(this)
    }
  }

  #exited(exit: Exit): void {
    const { script, log } = this.#options
    const cause = exit.lastLines === undefined ? {} : { cause: exit.lastLines }
    if (this.#state === 'done') return
    if (exit.error) {
      const message = `${script} could not be started: ${exit.error.message}${HINTS[exit.error.code ?? ''] ?? ''}`
      return this.#fail(new UpstreamError('CGI_SPAWN', message, isShort(exit.error) ? 503 : 502))
    }
    const what = `${script} (pid ${this.#process.pid}) ${describeExit(exit)}`
    if (this.#state === 'head') {
      return this.#fail(new UpstreamError('CGI_DIED', `${what} before it gave a response head`, 502, cause))
    }
    // A signal came from outside or from a crash: the body is most likely not whole, unless its length was said.
    if (exit.signal && this.#exchange.missing !== 0)
      return this.#fail(new UpstreamError('CGI_DIED', `${what} while it answered`, 502, cause))
    if (exit.code !== 0) {
      log.warn(`${what} after it had answered`, { ...this.#fields, code: 'CGI_EXIT' })
      // Pages of scripts that end so are whole as a rule: their clients get them as from every web server.
      if (this.#isBody) doubt(this.#exchange, this.#given!)
    }
    this.#finish()
  }

  get #fields(): LogFields {
    return { mount: this.#options.mount, pid: this.#process.pid, request: this.#exchange.id }
  }

  get #isBody(): boolean {
    return this.#state === 'body'
  }

  /** @throws {SidegateError} */
  #head(head: Head): void {
    const { script } = this.#options
    // The final response of a script is what the RFC has; interim ones have no meaning here.
    if (head.status < 200) throw new UpstreamError('RESPONSE_HEAD', `${script} answered with status ${head.status}`)
    const location = localPath(head, this.#reader.statusGiven)
    if (location !== undefined && this.#mayRedirect(location)) {
      this.#state = 'redirect'
      this.#location = location
      return
    }
    this.#state = 'body'
    this.#given = head
    this.#exchange.respond(head)
  }

  /** @throws {UpstreamError} CGI_LOCATION: what the script wrote is not the client's fault. */
  #mayRedirect(location: string): boolean {
    const { mount, script } = this.#options
    try {
      return redirected(this.#exchange.variables, mount, location) !== undefined
    } catch (error) {
      const message = `${script} answered with a Location that is no path: ${(error as Error).message}`
      throw new UpstreamError('CGI_LOCATION', message, 502, { cause: error })
    }
  }

  #write(bytes: Uint8Array): boolean {
    if (this.#exchange.write(bytes)) return true
    const resume = (): void => this.#process.resume()
    this.#exchange.drained().then(resume, resume)
    return false
  }

  /** The script has said everything. */
  #finish(): void {
    const redirect = this.#state === 'redirect'
    this.#state = 'done'
    try {
      if (redirect) this.#redirect()
      else this.#exchange.end()
    } catch (error) {
      this.#exchange.fail(error)
    }
  }

  #redirect(): void {
    const { mount, script } = this.#options
    const exchange = this.#exchange
    const variables = redirected(exchange.variables, mount, this.#location)!
    if (exchange.hops >= REDISPATCH_MAX) {
      throw new UpstreamError(
        'CGI_REDIRECTS',
        `${script}: more than ${REDISPATCH_MAX} local redirects for one request`,
        502,
      )
    }
    if (redispatch(exchange, variables)) return
    exchange.respond({ status: 302, reason: 'Found', headers: [['Location', this.#location]] })
    exchange.end()
  }

  #inScript(error: unknown): unknown {
    if (!(error instanceof Error) || (error as { code?: string }).code !== 'RESPONSE_HEAD') return error
    const hint = this.#state === 'head' ? ' (a CGI script writes header lines and an empty line first)' : ''
    return new UpstreamError('RESPONSE_HEAD', `${this.#options.script}: ${error.message}${hint}`, 502, {
      cause: error.cause,
    })
  }

  #fail(error: unknown): void {
    if (this.#state !== 'done') {
      this.#state = 'done'
      this.#exchange.fail(error)
    }
    this.#process.stop()
  }

  /** The client is gone, or the response was cut. */
  #abandon(): void {
    this.#state = 'done'
    // An abort can be told while the process is being made.
    queueMicrotask(() => this.#process.stop())
  }
}

/** What the system means. */
const HINTS: Readonly<Record<string, string>> = {
  ENOENT: ' (is the program in its first line there? does the line end with a carriage return?)',
  ENOEXEC: ' (its first line has to be like #!/usr/bin/perl)',
  EACCES: ' (this user may not execute it, or the file system is mounted noexec)',
}
