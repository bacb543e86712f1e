// Several backends behind one mount: which one gets an exchange, what happens when it fails, who waits when all are busy.
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { ExchangeQueue, type QueueWords } from '../../queue.ts'
import type { Log } from '../../log.ts'
import { choose, type Balance } from './choose.ts'
import { KeptConnectionError, mayRepeat } from '../../connect/failure.ts'
import type { Member } from './member.ts'
import type { MountStatus } from '../mount.ts'
import { listed } from '../../nearest.ts'
import type { Upload } from '../../upload.ts'

/** How a balancer works. Times in milliseconds. */
export interface BalancerOptions {
  readonly balance: Balance
  readonly retries: number
  readonly queue: number
  readonly queueTimeout: number
  readonly log: Log
  readonly mount: string
}

const WORDS: QueueWords = {
  full: (most) => `every upstream has all its connections in use, and ${most} requests wait already (queue)`,
  late: (seconds) => `no upstream had a connection to spare for ${seconds} s (queueTimeout)`,
}

/** Gives exchanges to members. */
export class Balancer {
  readonly #options: BalancerOptions
  /** With what goes on with the exchange, at a member or at none. */
  readonly #waiting: ExchangeQueue<(member: Member | undefined) => void>
  #members: readonly Member[] = []

  constructor(options: BalancerOptions) {
    this.#options = options
    this.#waiting = new ExchangeQueue({
      most: options.queue,
      timeout: options.queueTimeout,
      words: WORDS,
      left: ({ note: goOn }) => goOn(undefined),
    })
  }

  get members(): readonly Member[] {
    return this.#members
  }

  /** Uses these from now on. Those that are no more among them are closed when their last exchange is over. */
  set members(members: readonly Member[]) {
    const before = this.#members
    this.#members = members
    for (const member of before) {
      if (members.includes(member)) continue
      member.retired = true
      if (member.active === 0) member.backend.close()
    }
    this.#serveWaiting()
  }

  /**
   * Sends an exchange to a member, and to another when that is allowed and may help.
   * @throws {SidegateError} of the last member that was tried; NO_UPSTREAM, QUEUE_FULL.
   */
  async handle(exchange: Exchange, upload: Upload): Promise<void> {
    let member = this.#pick(exchange.variables.REMOTE_ADDR) ?? (await this.#wait(exchange))
    const tried: Member[] = []
    while (member) {
      try {
        await member.backend.handle(exchange, upload)
      } catch (error) {
        member.failed(error)
        this.#release(member)
        tried.push(member)
        member = this.#afterFailure(error, tried, exchange, upload)
        continue
      }
      if (!exchange.aborted) member.succeeded()
      return this.#release(member)
    }
  }

  get status(): MountStatus {
    const now = performance.now()
    const servers = this.#members.map((member) => ({
      name: member.backend.name,
      usable: !member.down && !member.leftOut(now),
      busy: member.active,
    }))
    return { servers, waiting: this.#waiting.size }
  }

  /** No more exchanges; those that wait fail. */
  close(): void {
    this.#waiting.clear(new UpstreamError('POOL_CLOSED', 'the mount is being closed', 503))
    for (const { backend } of this.#members) backend.close()
  }

  /** Another member for what failed at the last of these, taken. @throws {SidegateError} what it failed with: it is not tried again. */
  #afterFailure(error: unknown, tried: readonly Member[], exchange: Exchange, upload: Upload): Member {
    const member = tried.at(-1)!
    const repeats = tried.length <= this.#options.retries && this.#mayRepeat(error, exchange, upload)
    const next = repeats ? this.#another(member, tried, error, exchange) : undefined
    if (!next) throw error
    this.#options.log.warn(`${(error as Error).message}; trying ${next.backend.name}`, {
      code: (error as UpstreamError).code,
      mount: this.#options.mount,
      upstream: member.backend.name,
      request: exchange.id,
    })
    upload.rewind()
    return next
  }

  #mayRepeat(error: unknown, exchange: Exchange, upload: Upload): boolean {
    return (
      !exchange.aborted &&
      !exchange.headSent &&
      upload.repeatable &&
      mayRepeat(error, exchange.variables.REQUEST_METHOD)
    )
  }

  /** A member for the client, taken; undefined when all are busy. @throws {UpstreamError} NO_UPSTREAM */
  #pick(client: string | undefined): Member | undefined {
    const now = performance.now()
    const usable = this.#usable(now)
    if (usable.length === 0) throw this.#none()
    return this.#waiting.size > 0 ? undefined : this.#take(usable, client ?? '', now)
  }

  /** One that was not tried yet; or the same, when it closed a kept connection as it was used again, as servers may. */
  #another(member: Member, tried: readonly Member[], error: unknown, exchange: Exchange): Member | undefined {
    const now = performance.now()
    const untried = this.#usable(now).filter((one) => !tried.includes(one))
    const next = this.#take(untried, exchange.variables.REMOTE_ADDR ?? '', now)
    if (next || !(error instanceof KeptConnectionError)) return next
    return member.retired ? undefined : this.#take([member], '', now)
  }

  #take(members: readonly Member[], client: string, now: number): Member | undefined {
    const member = choose(members.every(isFree) ? members : members.filter(isFree), this.#options.balance, client, now)
    if (member) member.active++
    return member
  }

  /** Those that work; when all are left out after failures, these all the same: it cannot get worse. */
  #usable(now: number): readonly Member[] {
    const members = this.#members.some(isDown) ? this.#members.filter((one) => !one.down) : this.#members
    if (!members.some((one) => one.leftOut(now))) return members
    const working = members.filter((one) => !one.leftOut(now))
    return working.length > 0 ? working : members
  }

  #release(member: Member): void {
    member.active--
    if (member.retired && member.active === 0) member.backend.close()
    this.#serveWaiting()
  }

  /** A member that is taken; undefined when there is nothing more to do. @throws {UpstreamError} QUEUE_FULL */
  #wait(exchange: Exchange): Promise<Member | undefined> {
    return new Promise((resolve) => this.#waiting.add(exchange, resolve))
  }

  #serveWaiting(): void {
    while (this.#waiting.size > 0) {
      const now = performance.now()
      const member = this.#take(this.#usable(now), '', now)
      if (!member) return
      this.#waiting.take()!.note(member)
    }
  }

  #none(): UpstreamError {
    const names = listed(this.#members.map(({ backend }) => backend.name))
    const why = names === '' ? 'no name of an upstream has an address' : `the health check fails for ${names}`
    return new UpstreamError('NO_UPSTREAM', `no upstream is in use: ${why}`, 503)
  }
}

const isFree = (member: Member): boolean => member.free
const isDown = (member: Member): boolean => member.down
