// A FastCGI application as it is registered with IIS: its instances, the queue in front of them, and the limits of `<fastCgi><application>`.
// (https://learn.microsoft.com/iis/configuration/system.webserver/fastcgi/application/)
import { setTimeout as after } from 'node:timers/promises'
import { Conversation, type Answered, type Asked } from './conversation.ts'
import { Instance, type InstanceOptions } from './instance.ts'

/** The registration; names, units and defaults are those of IIS 10. */
export interface Registration extends InstanceOptions {
  /** Each instance has one request at a time. Default: 4. */
  readonly maxInstances?: number
  /** An instance is recycled after so many. Default: 200. */
  readonly instanceMaxRequests?: number
  /** Requests that wait for an instance; one more gets 503. Default: 1000. */
  readonly queueLength?: number
  /** Instances that fail in one minute; with one more the application is taken offline. Default: 10. */
  readonly rapidFailsPerMinute?: number
  /** Between the event and the end of an instance; 0: there is no event. Default: 0. */
  readonly signalBeforeTerminateSeconds?: number
}

/** What IIS answers by itself. */
export class IisError extends Error {
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

interface Running {
  readonly instance: Instance
  readonly conversation: Conversation
  requests: number
  /** It is being ended by IIS. */
  ending: boolean
}

const MINUTE_MS = 60_000

/** The application. */
export class FastcgiApplication {
  readonly #registration: Registration
  readonly #running = new Set<Running>()
  readonly #idle: Running[] = []
  readonly #queue: (() => void)[] = []
  readonly #failures: number[] = []
  readonly #endings = new Set<Promise<void>>()
  #starting = 0
  #offline = false
  /** Instances that were started. */
  started = 0
  /** Instances that ended and were not meant to, or could not be started. */
  failed = 0

  constructor(registration: Registration) {
    this.#registration = registration
  }

  /** The instances that run. */
  get instances(): Instance[] {
    return [...this.#running].map(({ instance }) => instance)
  }

  /**
   * Has one of the instances answer a request.
   * @throws {IisError} when IIS answers instead; the reason of `asked.signal` when that was aborted.
   */
  async ask(asked: Asked): Promise<Answered> {
    const one = await this.#take()
    try {
      one.requests++
      const answered = await one.conversation.ask(asked)
      this.#giveBack(one)
      return answered
    } catch (error) {
      if (asked.signal?.aborted && error === asked.signal.reason) {
        this.#giveBack(one)
        throw error
      }
      this.#end(one, 'failed')
      throw new IisError(500, `0x8007000d: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Ends every instance as IIS does at its own end. */
  async stop(): Promise<void> {
    for (const one of this.#running) this.#end(one, 'told')
    while (this.#endings.size > 0) await Promise.all(this.#endings)
  }

  async #take(): Promise<Running> {
    const { maxInstances = 4, queueLength = 1000 } = this.#registration
    for (;;) {
      if (this.#offline)
        throw new IisError(500, '0x80070422: too many instances have failed, the application is offline')
      const idle = this.#idle.pop()
      if (idle) return idle
      if (this.#running.size + this.#starting < maxInstances) return this.#start()
      if (this.#queue.length >= queueLength) throw new IisError(503, 'the queue of the application is full')
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    }
  }

  async #start(): Promise<Running> {
    this.#starting++
    this.started++
    const { signalBeforeTerminateSeconds: seconds = 0, ...options } = this.#registration
    try {
      const instance = await Instance.start({ ...options, event: seconds > 0 })
      const one = { instance, conversation: new Conversation(instance.pipe), requests: 0, ending: false }
      this.#running.add(one)
      void instance.exited.then(() => this.#end(one, 'failed'))
      return one
    } catch (error) {
      this.#fails()
      throw new IisError(500, `0x80070002: ${(error as Error).message}`, { cause: error })
    } finally {
      this.#starting--
    }
  }

  #giveBack(one: Running): void {
    if (one.ending || one.instance.ended) return
    if (one.requests >= (this.#registration.instanceMaxRequests ?? 200)) return this.#end(one, 'told')
    this.#idle.push(one)
    this.#queue.shift()?.()
  }

  #end(one: Running, why: 'told' | 'failed'): void {
    if (one.ending) return
    one.ending = true
    this.#running.delete(one)
    const at = this.#idle.indexOf(one)
    if (at >= 0) this.#idle.splice(at, 1)
    if (why === 'failed') this.#fails()
    const ending = this.#terminate(one.instance).finally(() => this.#endings.delete(ending))
    this.#endings.add(ending)
    this.#queue.shift()?.()
  }

  async #terminate(instance: Instance): Promise<void> {
    const { signalBeforeTerminateSeconds: seconds = 0 } = this.#registration
    if (seconds > 0 && !instance.ended) {
      const over = new AbortController()
      instance.signal()
      await Promise.race([instance.exited, after(seconds * 1000, undefined, { signal: over.signal }).catch(() => {})])
      over.abort()
    }
    await instance.stop()
  }

  #fails(): void {
    const now = performance.now()
    this.failed++
    this.#failures.push(now)
    while (this.#failures[0]! < now - MINUTE_MS) this.#failures.shift()
    this.#offline ||= this.#failures.length > (this.#registration.rapidFailsPerMinute ?? 10)
    if (this.#offline) for (const wake of this.#queue.splice(0)) wake()
  }
}
