// What the system says when a file cannot be had, as an answer: nothing is told to be missing that is only out of reach for now.
import { GatewayError } from '../../errors.ts'

/** There is none of that name. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EINVAL'])
/** It is there, and not for this user. */
const DENIED: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])
/** The gateway, or the machine, has too many files open, or no memory; on Windows another program keeps the file to itself. */
const SHORT: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY'])

/** True when the system is short of something for now, files or memory above all. */
export function isShort(error: unknown): boolean {
  return SHORT.has(codeOf(error))
}

/** True when the error says that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(codeOf(error))
}

/**
 * 404 or 403.
 * @throws {GatewayError} FILE_UNREADABLE: 503 when it may be had later, else 500.
 */
export function statusOfFailure(error: unknown, path: string): 403 | 404 {
  const code = codeOf(error)
  if (ABSENT.has(code)) return 404
  if (DENIED.has(code)) return 403
  throw unreadable(error, path)
}

/** The error for a file that is there, as far as can be told, and cannot be had. */
export function unreadable(error: unknown, path: string): GatewayError {
  const message = `${path} cannot be read: ${(error as Error).message}`
  return new GatewayError('FILE_UNREADABLE', message, isShort(error) ? 503 : 500, { cause: error })
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}
