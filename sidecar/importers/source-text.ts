// The text of a file that is to be imported.
import { resolve } from 'node:path'
import { readTextFile } from '../text-file.ts'

/** @throws {ConfigError} IMPORT_MISSING: it is not there, no file, too long; IMPORT_SYNTAX: no UTF-8 */
export function sourceText(file: string, cwd: string): Promise<string> {
  return readTextFile(resolve(cwd, file), file, { missing: 'IMPORT_MISSING', syntax: 'IMPORT_SYNTAX' })
}
