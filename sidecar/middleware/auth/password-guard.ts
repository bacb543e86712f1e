// Lets in who has a name and a password (RFC 7617).
import { PeerError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import type { Variables } from '../../variables.ts'
import { challenge, credentialsOf, type Credentials } from './credentials.ts'
import type { Guard } from './guard.ts'
import type { Identity } from './identity.ts'
import type { Users } from './users.ts'
import { Verified } from './verified.ts'
import { Verifier } from './verifier.ts'

/** Where the users are. */
export interface UserSource {
  /** @throws {ConfigError} AUTH_FILE, AUTH_USERS */
  open(): void
  /** Those of this moment. */
  readonly users: Users
}

/** Asks for name and password. */
export class PasswordGuard implements Guard {
  readonly #source: UserSource
  readonly #challenge: readonly [string, string]
  readonly #verified = new Verified()
  readonly #verifier = new Verifier()

  constructor(source: UserSource, realm: string) {
    this.#source = source
    this.#challenge = challenge(realm)
  }

  async open(): Promise<void> {
    this.#source.open()
  }

  async check(): Promise<void> {
    this.#source.open()
  }

  admit(_: Exchange, { HTTP_AUTHORIZATION: field }: Variables): Identity | Promise<Identity> {
    if (!field) throw this.#refused('AUTH_REQUIRED', 'the request has no name and password')
    const credentials = credentialsOf(field)
    if (!credentials) throw this.#refused('AUTH_WRONG', 'the request has an Authorization that cannot be right')
    const { users } = this.#source
    const known = users.hashOf(credentials.user)
    const hash = known ?? users.decoy
    if (hash === undefined) throw this.#wrong(credentials)
    const pair = this.#verified.nameOf(credentials.user, credentials.password, hash)
    if (known !== undefined && this.#verified.has(pair)) return identityOf(credentials)
    return this.#verify(credentials, hash, pair)
  }

  isOwn(): boolean {
    return false
  }

  async close(): Promise<void> {
    await this.#verifier.close()
  }

  async #verify(credentials: Credentials, hash: string, pair: string): Promise<Identity> {
    const right = await this.#verified.check(pair, () => this.#verifier.verify(hash, credentials.password))
    // Who was taken out of the file meanwhile is out, and a name that nobody has was checked for the time it takes.
    if (right && this.#source.users.hashOf(credentials.user) === hash) return identityOf(credentials)
    throw this.#wrong(credentials)
  }

  #wrong({ user }: Credentials): PeerError {
    const name = JSON.stringify(Buffer.from(user, 'latin1').toString().slice(0, 80))
    return this.#refused('AUTH_WRONG', `there is no user ${name} with this password`)
  }

  #refused(code: 'AUTH_REQUIRED' | 'AUTH_WRONG', message: string): PeerError {
    return new PeerError(code, message, 401, { headers: [this.#challenge] })
  }
}

function identityOf({ user }: Credentials): Identity {
  return { user, type: 'Basic' }
}
