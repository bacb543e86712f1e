// An error on its way from one process to another.
import {
  AppError,
  ConfigError,
  GatewayError,
  LayerError,
  PeerError,
  UpstreamError,
  type Blame,
  type SidegateError,
} from '../errors.ts'
import { stackOf } from '../thrown.ts'

/** What is sent of it: JSON. */
interface Failure {
  readonly code: string
  readonly status: number
  readonly blame: Blame
  readonly message: string
  /** Where it comes from, as the log shows it. */
  readonly detail: string | undefined
}

/** Characters of a text that are sent: one frame has to carry it, whatever becomes of them in JSON. */
const TEXT_MAX = 1024 * 1024

/** A text, or its beginning where it is longer than anybody reads. */
export function shortened(text: string): string {
  const more = text.length - TEXT_MAX
  return more > 0 ? `${text.slice(0, TEXT_MAX)}… (${more} more characters)` : text
}

/** The text of an error. */
export function writeFailure(error: SidegateError): Buffer {
  const { code, status, blame } = error
  const message = shortened(error.message)
  return Buffer.from(JSON.stringify({ code, status, blame, message, detail: detailOf(error) } satisfies Failure))
}

/** The error that `writeFailure` was given; its cause is text. */
export function readFailure(text: Buffer): SidegateError {
  const { code, status, blame, message, detail } = JSON.parse(text.toString()) as Failure
  const options = detail === undefined ? {} : { cause: detail }
  switch (blame) {
    case 'peer':
      return new PeerError(code, message, status, options)
    case 'upstream':
      return new UpstreamError(code, message, status, options)
    case 'gateway':
      return new GatewayError(code, message, status, options)
    case 'config':
      return new ConfigError(code, '', message, { ...options, status })
    case 'layer':
      return new LayerError(code, message, options)
    case 'app':
      return new AppError(code, message, status, options)
  }
}

/** What lies behind an error: the stack of what was thrown, or text. */
export function detailOf({ cause }: Error): string | undefined {
  const detail = typeof cause === 'string' ? cause : stackOf(cause)
  return detail && shortened(detail)
}
