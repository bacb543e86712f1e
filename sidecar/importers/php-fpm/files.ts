// The files of php-fpm: one, and those that it includes, in the order in which php-fpm reads them.
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { glob } from '../glob.ts'
import type { ImportSource } from '../importer.ts'
import type { ImportReport } from '../report.ts'
import { sourceText } from '../source-text.ts'
import { fpmLines, type FpmLine, type FpmSetting } from './lines.ts'

/** Files that include each other would have no end. */
const DEPTH_MAX = 5

/**
 * All lines, those of included files where they are included.
 * @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX
 */
export async function allLines(source: ImportSource, report: ImportReport, depth = 0): Promise<FpmLine[]> {
  const { file, cwd, environment } = source
  const lines: FpmLine[] = []
  for (const line of fpmLines(await sourceText(file, cwd), file, environment)) {
    if (line.kind === 'section' || line.name !== 'include') {
      lines.push(line)
      continue
    }
    if (depth === DEPTH_MAX) {
      throw new ConfigError('IMPORT_SYNTAX', line.place, `files are included ${DEPTH_MAX} deep, and one more here`)
    }
    for (const one of await included(line, source, report)) {
      lines.push(...(await allLines({ ...source, file: one }, report, depth + 1)))
    }
  }
  return lines
}

/** The files that `include = PATTERN` names, in the order of their names. */
async function included(
  { place, value }: FpmSetting,
  { file, cwd }: ImportSource,
  report: ImportReport,
): Promise<string[]> {
  const written = `include = ${value}`
  const folder = dirname(file)
  const files = await glob(resolve(cwd, folder, value))
  if (files.length === 0) {
    report.left(place, written, 'there is no such file')
    return []
  }
  const note = isAbsolute(value)
    ? ''
    : ', looked for beside this file: php-fpm begins at a folder that it was built for'
  report.carried(place, written, ['mounts'], `read: ${files.map((one) => basename(one)).join(', ')}${note}`)
  // Those beside this file are called as it is.
  return isAbsolute(value) ? files : files.map((one) => join(folder, relative(resolve(cwd, folder), one)))
}
