// The values of header fields, of whatever kind of head.
import { AppError } from '../errors.ts'

// RFC 9110 5.5: no CR, LF, NUL. Other control characters make Apache answer 502, so they go too.
export const BAD_VALUE: RegExp = /[^\t\x20-\x7e\x80-\xff]/

/** Throws AppError HEADER_VALUE when a value could split the head or hold a control character (RFC 9110 5.5). */
export function checkValue(name: string, value: string): void {
  if (BAD_VALUE.test(value)) {
    const why = /[\r\n\0]/.test(value)
      ? 'CR, LF or NUL'
      : /[^\0-\xff]/.test(value)
        ? 'a character beyond latin-1'
        : 'a control character'
    throw new AppError(
      'HEADER_VALUE',
      `the value of header ${name} holds ${why}: ${JSON.stringify(value.slice(0, 80))}`,
    )
  }
}

/** A field's value without the white space around it (RFC 9112 5.1). */
export function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** The value of a Content-Length; -1 when it is no number of 1 to 15 digits. */
export function readLength(value: string): number {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : -1
}

/** The length that a value says once or, separated by commas, several times (RFC 9110 8.6); -1 when it is no such number. */
export function sameLength(value: string): number {
  if (!value.includes(',')) return readLength(value)
  const lengths = value.split(',').map((one) => readLength(trimmed(one, 0, one.length)))
  return lengths.every((length) => length === lengths[0]) ? lengths[0]! : -1
}

const NONE: readonly string[] = []
const KEEP_ALIVE: readonly string[] = ['keep-alive']
const CLOSE: readonly string[] = ['close']

/** Its options in lower case. `value`: of all such fields, with commas between; empty: there is none. */
export function connectionOptions(value: string): readonly string[] {
  if (value === '') return NONE
  if (value === 'keep-alive') return KEEP_ALIVE
  if (value === 'close') return CLOSE
  return value
    .toLowerCase()
    .split(',')
    .map((option) => trimmed(option, 0, option.length))
}

/** RFC 9112 9.3: whether the connection may be used again. `latest`: HTTP/1.1. */
export function keeps(options: readonly string[], latest: boolean): boolean {
  return !options.includes('close') && (latest || options.includes('keep-alive'))
}
