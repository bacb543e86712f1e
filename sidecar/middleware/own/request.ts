// A request as layers of users have it: an exchange behind the public types.
import type { Duplex } from 'node:stream'
import { pulledBody, type RequestBody } from '../../body.ts'
import { AppError, LayerError, SidegateError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { through, type Layer as Internal, type Passed } from '../../layer.ts'
import { completeRequest } from '../../request.ts'
import { messageOf } from '../../thrown.ts'
import { copyVariables, emptyVariables, variableName, type Variables } from '../../variables.ts'
import type { Head } from '../../wire/head.ts'
import { HookOrder, type Rules } from './rules.ts'
import { THROUGH, type Throughable } from './through.ts'
import type { LayerBody, LayerHead, LayerHooks, LayerRequest, PassedOn } from './types.ts'

/** What a request and those that are made of it have in common. */
export interface Owner {
  /** What the layer is called, for errors. */
  readonly name: string
  /** Looks at what the layer does; undefined: nobody does. */
  readonly rules: Rules | undefined
}

/** One request. */
export class OwnRequest implements LayerRequest, Throughable {
  readonly #exchange: Exchange
  readonly #owner: Owner
  #variables: Readonly<Variables> | undefined
  /** The client did not take what the hook `body` has written. */
  #full = false

  constructor(exchange: Exchange, owner: Owner) {
    this.#exchange = exchange
    this.#owner = owner
  }

  /** The exchange of a request of `owner`. @throws {LayerError} LAYER_REQUEST for anything else */
  static exchangeOf(request: unknown, owner: Owner): Exchange {
    if (typeof request === 'object' && request !== null && #exchange in request && request.#owner === owner)
      return request.#exchange
    const message = `the layer ${owner.name} gave next something else than its request, or one that through made of it`
    throw new LayerError('LAYER_REQUEST', message)
  }

  get id(): string {
    return this.#exchange.id
  }

  get protocol(): string {
    return this.#exchange.door.protocol
  }

  get variables(): Readonly<Variables> {
    const { variables } = this.#exchange
    if (!this.#owner.rules) return variables
    return (this.#variables ??= Object.freeze(copyVariables(variables)))
  }

  header(name: string): string | undefined {
    return this.#exchange.variables[variableName(name)]
  }

  get body(): LayerBody {
    return this.#exchange.body
  }

  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  get upgradeAsked(): string | undefined {
    return this.#exchange.upgradeAsked
  }

  get headSent(): boolean {
    return this.#exchange.headSent
  }

  get over(): boolean {
    return this.#exchange.over
  }

  respond(head: LayerHead): void {
    this.#own(() => this.#exchange.respond(this.#head(head, 'respond')))
  }

  write(chunk: Uint8Array | string): boolean {
    this.#owner.rules?.sends(chunk, this.#exchange, 'write')
    if (this.#own(() => this.#exchange.write(chunk))) return true
    this.#full = true
    return false
  }

  drained(): Promise<void> {
    return this.#exchange.drained()
  }

  end(chunk?: Uint8Array | string): void {
    if (chunk !== undefined) this.#owner.rules?.sends(chunk, this.#exchange, 'end')
    const { missing, over } = this.#exchange
    const size = chunk === undefined ? 0 : Buffer.byteLength(chunk)
    if (missing > size && !over) throw this.#wrong(`it ends short of its Content-Length by ${missing - size} bytes`)
    this.#own(() => this.#exchange.end(chunk))
  }

  fail(error: unknown): void {
    this.#exchange.fail(raised(error, this.#owner.name))
  }

  upgrade(head: LayerHead): Duplex {
    return this.#own(() => this.#exchange.upgrade(this.#head(head, 'upgrade')))
  }

  resume(): void {
    this.#exchange.notifyDrain()
  }

  [THROUGH](hooks: LayerHooks, passed: PassedOn): LayerRequest {
    this.#owner.rules?.hooks(hooks)
    const inner = through(this.#exchange, this.#internal(hooks), this.#passed(passed))
    return new OwnRequest(inner, this.#owner)
  }

  /** What breaks the rules of responses is the layer's own doing. @throws {LayerError} LAYER_RESPONSE */
  #own<Result>(call: () => Result): Result {
    try {
      return call()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      throw this.#wrong(`${error.message.replace('the app', 'it')} (${error.code})`)
    }
  }

  #wrong(what: string): LayerError {
    return new LayerError('LAYER_RESPONSE', `the layer ${this.#owner.name} responds wrongly: ${what}`)
  }

  #head(head: LayerHead, where: string): Head {
    this.#owner.rules?.head(head, where)
    const { status, reason = '', headers = [] } = head
    return { status, reason, headers }
  }

  /** Hooks as exchanges have them, whose errors name the layer. */
  #internal(hooks: LayerHooks): Internal {
    const guard = <Result>(call: () => Result): Result => {
      try {
        return call()
      } catch (error) {
        throw raised(error, this.#owner.name)
      }
    }
    // Nobody waits for a hook: what an async one rejects with would be nobody's.
    const watched = <Given>(given: Given): Given => {
      if (given instanceof Promise) given.catch((error: unknown) => this.fail(error))
      return given
    }
    const { rules } = this.#owner
    const order = rules && new HookOrder()
    return {
      ...((hooks.head ?? order) && {
        head: (head) =>
          guard(() => {
            order?.head()
            if (!hooks.head) return head
            const given = watched(hooks.head(head, this))
            rules?.givenHead(given, hooks)
            if (given === undefined && !hooks.body)
              throw this.#wrong('its hook head gave no head, and no hook body would respond')
            if (given) this.#own(() => this.#exchange.respond(this.#head(given, 'head')))
            return undefined
          }),
      }),
      ...(hooks.body && {
        body: (bytes, last) =>
          guard(() => {
            order?.body(last)
            this.#full = false
            return watched(hooks.body!(bytes, last, this)) !== false && !this.#full
          }),
      }),
      ...(hooks.upgrade && { upgrade: (head) => guard(() => watched(hooks.upgrade!(head, this))) }),
      ...(hooks.failed && { failed: (error) => guard(() => watched(hooks.failed!(error, this)) === true) }),
      ...(hooks.over && { over: () => guard(() => watched(hooks.over!())) }),
    }
  }

  #passed({ variables, body, length }: PassedOn): Passed {
    const own = this.#exchange.body
    if (variables === undefined && body === undefined) return {}
    const given = emptyVariables()
    const all: PassedOn['variables'] = variables ?? this.#exchange.variables
    for (const name in all) {
      const value = all[name]
      if (value === undefined) continue
      if (typeof value !== 'string')
        throw new LayerError('LAYER_VARIABLE', `the layer ${this.#owner.name} hands on ${name}, which is no text`)
      given[name] = value
    }
    this.#frame(given, body !== undefined, length)
    this.#owner.rules?.variables(given)
    complete(given, this.#owner.name)
    return { variables: given, body: body ? bodyOf(body, length) : own }
  }

  /** How long the body is, and how it comes, is said by what it is. */
  #frame(variables: Variables, another: boolean, length: number | undefined): void {
    const { CONTENT_LENGTH: before, HTTP_TRANSFER_ENCODING: coding } = this.#exchange.variables
    const announced = another ? length?.toString() : before
    if (announced === undefined) delete variables.CONTENT_LENGTH
    else variables.CONTENT_LENGTH = announced
    const chunked = another ? (length === undefined ? 'chunked' : undefined) : coding
    if (chunked === undefined) delete variables.HTTP_TRANSFER_ENCODING
    else variables.HTTP_TRANSFER_ENCODING = chunked
  }
}

/** @throws {LayerError} LAYER_VARIABLE for what no request may have */
function complete(variables: Variables, name: string): void {
  try {
    completeRequest(variables)
  } catch (error) {
    if (!(error instanceof SidegateError)) throw error
    throw new LayerError('LAYER_VARIABLE', `the layer ${name} hands on variables that no request has: ${error.message}`)
  }
}

function bodyOf(pieces: AsyncIterable<Uint8Array>, length: number | undefined): RequestBody {
  const iterator = pieces[Symbol.asyncIterator]()
  return pulledBody(length, async () => {
    const { done, value } = await iterator.next()
    return done ? null : value
  })
}

/** What a layer threw, with its name. */
export function raised(error: unknown, name: string): unknown {
  if (error instanceof SidegateError) return error
  return new LayerError('LAYER_RAISED', `the layer ${name} raised: ${messageOf(error)}`, { cause: error })
}
