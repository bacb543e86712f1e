// Who decides whom `auth` lets in.
import type { Exchange } from '../../exchange.ts'
import type { Variables } from '../../variables.ts'
import type { Identity } from './identity.ts'

/** Decides who is let in. */
export interface Guard {
  /** @throws {ConfigError} when something that it needs is not there */
  open(): Promise<void>
  /** Looks without starting anything. @throws {ConfigError} as open */
  check(): Promise<void>
  /**
   * Who a request is from.
   * @param variables those of the request without what it claims of that
   * @returns undefined: it is not let in, and was answered
   * @throws {SidegateError} it is not let in
   */
  admit(exchange: Exchange, variables: Variables): Identity | Promise<Identity | undefined>
  /** True for a request that the guard has made itself. */
  isOwn(exchange: Exchange): boolean
  close(): Promise<void>
}
