// The layer `auth`: who is let in, by name and password or by the word of another app, and who that is for those behind it. Requests that a
// web server in front has let in say so in REMOTE_USER; here that counts for nothing.
import { resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { through } from '../../layer.ts'
import { askedOf } from '../asked.ts'
import { letIn } from '../../let-in.ts'
import type { Middleware, MiddlewareContext, MiddlewareKind, Next } from '../middleware.ts'
import { whereOf, type Where } from '../where.ts'
import { ForwardGuard } from './forward-guard.ts'
import type { Guard } from './guard.ts'
import { admit, admittedBefore, Claims, identify, logUser, type Identity } from './identity.ts'
import { PasswordGuard, type UserSource } from './password-guard.ts'
import { authSettings, type AuthSettings } from './settings.ts'
import { UserFile } from './user-file.ts'
import { parseUsers, type UserLine } from './users.ts'

class Auth implements Middleware {
  readonly #guard: Guard
  readonly #where: Where
  readonly #claims: Claims
  readonly #passes: boolean

  /** @throws {ConfigError} AUTH_SETTINGS, AUTH_USERS, ADDRESS_BAD, PATH_PATTERN */
  constructor(settings: AuthSettings, context: MiddlewareContext) {
    this.#guard = guardOf(settings, context)
    this.#where = whereOf(settings, context.path)
    this.#claims = new Claims([...settings.request, settings.user])
    this.#passes = settings.passAuthorization || settings.forward !== undefined
  }

  open(): Promise<void> {
    return this.#guard.open()
  }

  check(): Promise<void> {
    return this.#guard.check()
  }

  handle(exchange: Exchange, next: Next): void | Promise<void> {
    if (this.#guard.isOwn(exchange)) return next(exchange)
    const before = admittedBefore(exchange, this)
    const variables = this.#claims.without(exchange.variables)
    if (before.identity) identify(variables, before.identity)
    exchange.variables = variables
    logUser(exchange, before.identity?.user)
    if (!this.#where(variables)) return next(exchange)
    // A request that an app has led to another path inside was let in as it came.
    if (before.own) return next(exchange)
    const admitted = this.#guard.admit(exchange, variables)
    if (!(admitted instanceof Promise)) return this.#letIn(exchange, admitted, next)
    return admitted.then((identity) => {
      if (identity && !exchange.over) this.#letIn(exchange, identity, next)
    })
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  #letIn(exchange: Exchange, identity: Identity, next: Next): void {
    const { variables } = exchange
    if (!this.#passes) delete variables.HTTP_AUTHORIZATION
    identify(variables, identity)
    admit(exchange, this, identity)
    letIn(exchange)
    logUser(exchange, identity.user)
    const { response = [] } = identity
    if (response.length === 0) return next(exchange)
    next(
      through(exchange, {
        head: (head) => ({ ...head, headers: [...head.headers, ...response] }),
        upgrade: (head, outer) => outer.upgrade({ ...head, headers: [...head.headers, ...response] }),
      }),
    )
  }
}

function guardOf(settings: AuthSettings, context: MiddlewareContext): Guard {
  const { forward, file, users = [], plain, realm } = settings
  const own = file !== undefined || users.length > 0
  if (own === (forward !== undefined)) {
    const message = `${own ? 'has both, and takes' : 'needs'} either file or users (names and passwords), or forward (somebody who is asked)`
    throw new ConfigError('AUTH_SETTINGS', context.path, message)
  }
  if (forward !== undefined)
    return new ForwardGuard(askedOf(forward, `${context.path}.forward`, context), settings, context.mount)
  const lines: UserLine[] = users.map((text, index) => ({
    text: Buffer.from(text).toString('latin1'),
    place: `entry ${index + 1}`,
  }))
  const known = parseUsers(lines, plain, `${context.path}.users`)
  if (file === undefined) return new PasswordGuard({ open: () => {}, users: known } satisfies UserSource, realm)
  const path = `${context.path}.file`
  const source = new UserFile({ file: resolve(context.directory, file), more: lines, plain, path, log: context.log })
  return new PasswordGuard(source, realm)
}

/** Lets in who has a name and a password, or whom another app lets in. */
export const auth: MiddlewareKind<'auth', typeof authSettings, 'file'> = {
  name: 'auth',
  summary:
    'Lets in who has a name and a password, or whom another app lets in. REMOTE_USER says who that is, and nobody else can set it.',
  settings: authSettings,
  short: 'file',
  create: (settings, context) => new Auth(settings, context),
}
