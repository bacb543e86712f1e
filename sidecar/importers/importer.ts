// What an importer is: reads the files of another server, and gives the configuration that serves alike.
import type { ImportReport } from './report.ts'

/** What is to be read. */
export interface ImportSource {
  /** As typed: a file, relative to `cwd`; for some importers a socket or a folder. */
  readonly file: string
  /** What was typed behind it, such as the command line of gunicorn. */
  readonly words: readonly string[]
  /** Absolute. */
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What came of it. */
export interface Imported {
  /** As it stands in a configuration file, `${` in texts being plain text. Every path in it is absolute: it may be written anywhere. */
  readonly config: Readonly<Record<string, unknown>>
  /** What became of each line. */
  readonly report: ImportReport
}

/** One importer. */
export interface Importer {
  /** The word behind `sidegate import`. */
  readonly name: string
  /**
   * Reads it. What has no meaning here is told by the report, whatever it is; only what cannot be read at all is thrown.
   * @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX, IMPORT_WORDS
   */
  read(source: ImportSource): Promise<Imported>
}
