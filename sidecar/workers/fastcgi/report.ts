// What a worker tells about the request it runs: JSON lines in FastCGI's STDERR stream. Text that is something else is text.

import type { Exchange } from '../../exchange.ts'
import type { HeaderPair } from '../../wire/head.ts'
import type { Report } from '../link.ts'

/** Early hints of an app: the headers of an interim response. */
interface Hints {
  type: 'hints'
  headers: readonly HeaderPair[]
}

/** Reads one line of the STDERR stream. `wanted`: the app reads its body, which was held back. */
export function readReport(line: string): Report | Hints | 'wanted' {
  let value: Record<string, unknown> | undefined
  try {
    value = JSON.parse(line) as Record<string, unknown>
  } catch {
    // Plain text.
  }
  if (typeof value === 'object' && value !== null) {
    const { stream, text, error, message, detail, fatal, hints } = value
    if (value.wants === 'body') return 'wanted'
    if (Array.isArray(hints)) return { type: 'hints', headers: hints as Hints['headers'] }
    if (typeof text === 'string' && (stream === 'stdout' || stream === 'stderr' || stream === 'errors')) {
      return { type: 'output', stream, text }
    }
    if (typeof error === 'string' && typeof message === 'string') {
      return {
        type: 'failure',
        code: error,
        message,
        detail: typeof detail === 'string' ? detail : undefined,
        fatal: fatal === true,
      }
    }
  }
  return { type: 'output', stream: 'stderr', text: line }
}

/** Sends early hints on. `refused`: they may not be sent. */
export function sendHints(exchange: Exchange, headers: readonly HeaderPair[], refused: (error: unknown) => void): void {
  try {
    exchange.interim({ status: 103, reason: 'Early Hints', headers })
  } catch (error) {
    refused(error)
  }
}
