// The text of a file that is to be imported.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigError } from '../errors.ts'

/** More is no configuration. */
const SIZE_MAX = 16 * 1024 * 1024

/** @throws {ConfigError} IMPORT_MISSING: it is not there, no file, too long; IMPORT_SYNTAX: no UTF-8 */
export async function sourceText(file: string, cwd: string): Promise<string> {
  const absolute = resolve(cwd, file)
  const missing = (why: string): ConfigError => new ConfigError('IMPORT_MISSING', file, why)
  const found = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    throw missing(error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read: ${error.message}`)
  })
  if (!found.isFile()) throw missing('it is no file')
  if (found.size > SIZE_MAX) throw missing(`it is longer than ${SIZE_MAX / 1024 / 1024} MiB`)
  const bytes = await readFile(absolute).catch((error: Error) => {
    throw missing(`it cannot be read: ${error.message}`)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigError('IMPORT_SYNTAX', file, 'it is no UTF-8 text: save it as UTF-8')
  }
}
