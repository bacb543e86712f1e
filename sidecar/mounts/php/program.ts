// The PHP that runs the scripts: php-fpm where there is one, else php-cgi. Their names have versions in them, and their folders are not on
// everybody's PATH.
import { readdirSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { findProgram } from '../../processes/program.ts'

/** A program that serves FastCGI. */
export interface PhpProgram {
  /** Absolute. */
  readonly file: string
  readonly kind: 'fpm' | 'cgi'
}

const FOLDERS = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/opt/homebrew/sbin',
  '/opt/homebrew/bin',
]

/**
 * @param named a program by its name or path; undefined: the newest that is there
 * @param directory where a relative path starts
 * @param setting for the error
 * @throws {ConfigError} PHP_PROGRAM
 */
export function findPhp(
  named: string | undefined,
  directory: string,
  setting: string,
  folders: readonly string[] = [...(process.env.PATH ?? '').split(delimiter), ...FOLDERS],
): PhpProgram {
  if (named !== undefined) return namedPhp(named, directory, setting, folders)
  for (const kind of ['fpm', 'cgi'] as const) {
    const file = newest(kind, folders)
    if (file !== undefined) return { file, kind }
  }
  throw new ConfigError(
    'PHP_PROGRAM',
    setting,
    'there is no php-fpm and no php-cgi on this machine: install one (Debian: apt-get install php-fpm), or name it in `program`',
  )
}

function namedPhp(named: string, directory: string, setting: string, folders: readonly string[]): PhpProgram {
  const found = findProgram(named, { directory, path: folders.join(delimiter) })
  if (!found) throw new ConfigError('PHP_PROGRAM', setting, `there is no program ${named}: is it installed?`)
  const kind = (['fpm', 'cgi'] as const).find((one) => basename(found.file).includes(one))
  if (kind) return { file: found.file, kind }
  throw new ConfigError(
    'PHP_PROGRAM',
    setting,
    `${named} is neither a php-fpm nor a php-cgi, by its name; the server of \`php -S\` is for development alone`,
  )
}

/** The one without a version in its name is what the machine's owner wants; else the highest. */
function newest(kind: 'fpm' | 'cgi', folders: readonly string[]): string | undefined {
  const pattern = new RegExp(`^php-${kind}([0-9.]*)$`)
  const found = folders.flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const version = pattern.exec(name)?.[1]
      return version !== undefined && findProgram(name, { directory: '/', path: folder })
        ? [{ folder, name, version }]
        : []
    }),
  )
  const best = found.reduce<(typeof found)[number] | undefined>(
    (most, one) => (most === undefined || isHigher(one.version, most.version) ? one : most),
    undefined,
  )
  return best && join(best.folder, best.name)
}

function isHigher(version: string, than: string): boolean {
  if (version === '' || than === '') return version === '' && than !== ''
  return version.localeCompare(than, 'en', { numeric: true }) > 0
}

function namesIn(folder: string): string[] {
  try {
    return folder === '' ? [] : readdirSync(folder)
  } catch {
    return []
  }
}
