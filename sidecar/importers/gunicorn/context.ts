// What the parts of the importer work on.
import type { ImportReport } from '../report.ts'
import type { Merged } from './merged.ts'

/** What is at hand. */
export interface Context {
  readonly settings: Merged
  readonly report: ImportReport
  /** The folder in which gunicorn is started. */
  readonly start: string
  /** That and `chdir`: where the app runs. Absolute. */
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}
