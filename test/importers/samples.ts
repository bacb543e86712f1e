// What an importer makes of a sample: the configuration and the report, as a text that a file has.
import { dirname, join } from 'node:path'
import type { Imported, Importer, ImportSource } from '../../sidecar/importers/importer.ts'
import { written } from '../../sidecar/importers/written.ts'

/** The folder of the samples of an importer. */
export function samplesOf(name: string): string {
  return join(import.meta.dirname, name)
}

/** Reads one: `file` is below the folder `name`. */
export async function imported(
  importer: Importer,
  file: string,
  { words = [], environment = {} }: Partial<Pick<ImportSource, 'words' | 'environment'>> = {},
): Promise<{ readonly result: Imported; readonly text: string }> {
  const cwd = samplesOf(importer.name)
  const result = await importer.read({ file, words, cwd, environment })
  const text = `${await written(result.config, 'yaml', [])}\n${result.report.full()}`
  // Wherever this is.
  return { result, text: text.replaceAll(dirname(join(cwd, file)), '/srv/site') }
}
