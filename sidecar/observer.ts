// Who is told of an exchange. Its type stays open: exchange.ts closes it, and knows nobody who is told.
import type { SidegateError } from './errors.ts'
import type { Variables } from './variables.ts'

/** Who wants to know how an exchange went. */
export interface Observer<Exchange> {
  /** An error that belongs to this exchange; called before the response for it is sent. */
  failed(exchange: Exchange, error: SidegateError): void
  /** Fields of the app's response that belong to one connection, and are not sent. */
  leftOut?(exchange: Exchange, names: readonly string[]): void
  /**
   * The exchange is over: answered, cut, or its client gone. Called once, and last: who has not been handed it yet (the host may take
   * a request back in the bytes that bring it) is not handed it any more.
   */
  done(exchange: Exchange): void
  /** Handles a request with these variables, as its host would have sent them, in place of this one, of which no head was sent. */
  redispatch?(exchange: Exchange, variables: Variables): boolean
}

/** Who handles an exchange: a mount in its place (mounted.ts). */
export interface Handler<Exchange> {
  /** The key of the mount in the configuration: `/shop`, `static.example.com`. */
  readonly key: string
  /** The exchange is over; its observer is told next. */
  over(exchange: Exchange): void
}
