// What a Node or Fetch handler needs of an exchange. An Exchange has it all; for one that is used as an
// Application, interface/handler-call.ts makes one of an environ.
import type { Exchange } from '../exchange.ts'
import type { RequestBody } from '../body.ts'

/** The part of a request body that handlers use. */
export type HandledBody = Pick<
  RequestBody,
  'length' | 'empty' | 'complete' | 'received' | 'readNow' | 'read' | 'discard'
>

/** The part of an exchange that handlers use. */
export interface Handled
  extends
    Pick<
      Exchange,
      | 'variables'
      | 'respond'
      | 'flush'
      | 'write'
      | 'end'
      | 'fail'
      | 'drained'
      | 'onAbort'
      | 'aborted'
      | 'signal'
      | 'sent'
      | 'error'
    >,
    Partial<Pick<Exchange, 'interim' | 'closeAfter' | 'fields'>> {
  readonly body: HandledBody
}
