// The text of a file that a person has written, such as a configuration.
import { readFile, stat } from 'node:fs/promises'
import { ConfigError } from './errors.ts'

/** Bytes. Some 100,000 mounts; more is no such file. */
export const TEXT_MAX = 16 * 1024 * 1024

export const TOO_LONG = `it is longer than ${TEXT_MAX / 1024 / 1024} MiB`

/**
 * A device or a pipe would be read for ever.
 * @param shown its name in messages
 * @throws {ConfigError} of the code given: it is not there, no file, or too long
 */
export async function demandFile(absolute: string, shown: string, code: string): Promise<void> {
  const found = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    throw missing(error, shown, code)
  })
  if (!found.isFile()) throw new ConfigError(code, shown, 'it is no file')
  if (found.size > TEXT_MAX) throw new ConfigError(code, shown, TOO_LONG)
}

/**
 * Its text, without the mark that some editors put in front. Other encodings would give other names, silently.
 * @throws {ConfigError} of the codes given: as demandFile and where it cannot be read; it is no UTF-8
 */
export async function readTextFile(
  absolute: string,
  shown: string,
  codes: { readonly missing: string; readonly syntax: string },
): Promise<string> {
  await demandFile(absolute, shown, codes.missing)
  const bytes = await readFile(absolute).catch((error: NodeJS.ErrnoException) => {
    throw missing(error, shown, codes.missing)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigError(codes.syntax, shown, 'it is no UTF-8 text: save it as UTF-8')
  }
}

function missing(error: NodeJS.ErrnoException, shown: string, code: string): ConfigError {
  if (error.code === 'ENOENT') return new ConfigError(code, shown, 'there is no such file')
  return new ConfigError(code, shown, `it cannot be read: ${error.message}`, { cause: error })
}
