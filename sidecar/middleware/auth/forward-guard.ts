// Lets in whom another app lets in, which is asked about each request. Who does not answer lets nobody in.
import { RequestBody } from '../../body.ts'
import type { Exchange } from '../../exchange.ts'
import { atRoot, type Variables } from '../../variables.ts'
import type { HeaderPair } from '../../wire/head.ts'
import { aside } from '../aside.ts'
import type { Asked } from '../asked.ts'
import { questionOf, tellRequest } from '../question.ts'
import { fieldOf } from '../response-fields.ts'
import type { Guard } from './guard.ts'
import type { Identity } from './identity.ts'
import type { AuthSettings } from './settings.ts'

/** A page that says where to log in, and no more. Bytes. */
const ANSWER_MAX = 1024 * 1024

/** Asks about each request. */
export class ForwardGuard implements Guard {
  readonly #asked: Asked
  readonly #settings: AuthSettings
  readonly #mount: string | undefined
  /** Its own questions may come by way of the layer, too: they are let in, or each of them would be asked about. */
  readonly #own = new WeakSet<Exchange>()

  /** @param mount the key of the mount in front of which it stands */
  constructor(asked: Asked, settings: AuthSettings, mount: string | undefined) {
    this.#asked = asked
    this.#settings = settings
    this.#mount = mount
  }

  open(): Promise<void> {
    return this.#asked.open()
  }

  async check(): Promise<void> {}

  async admit(exchange: Exchange, variables: Variables): Promise<Identity | undefined> {
    const { target, ask, inside } = this.#asked
    // To another server that is a path of its own.
    const question = inside
      ? questionOf(variables, target, this.#mount)
      : questionOf(atRoot(variables), target, undefined)
    tellRequest(question, variables)
    const { head, body } = await aside(
      (asking) => {
        this.#own.add(asking)
        ask(asking)
      },
      {
        of: exchange,
        variables: question,
        body: new RequestBody(0),
        max: ANSWER_MAX,
        timeout: this.#settings.timeout * 1000,
      },
    )
    const { user, request, response } = this.#settings
    if (head.status >= 200 && head.status < 300) {
      return {
        user: fieldOf(head, user.toLowerCase()),
        fields: request.flatMap((name) => {
          const value = fieldOf(head, name.toLowerCase())
          return value === undefined ? [] : [[name, value] as HeaderPair]
        }),
        response: head.headers.filter(([name]) => response.some((one) => one.toLowerCase() === name.toLowerCase())),
      }
    }
    if (!exchange.over) {
      exchange.respond(head)
      exchange.end(body)
    }
    return undefined
  }

  isOwn(exchange: Exchange): boolean {
    for (let one: Exchange | undefined = exchange; one; one = one.outer) if (this.#own.has(one)) return true
    return false
  }

  close(): Promise<void> {
    return this.#asked.close()
  }
}
