// A Procfile: lines `NAME: COMMAND`. The process `web` listens on $PORT; the others are no part of a gateway.
import { resolve, dirname } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { Imported, Importer, ImportSource } from './importer.ts'
import { ImportReport } from './report.ts'
import { sourceText } from './source-text.ts'

export const procfile: Importer = {
  name: 'procfile',
  summary: 'a Procfile: its process web is served, the others are named',
  source: 'FILE',
  option: 'procfile',
  async read({ file, cwd }: ImportSource): Promise<Imported> {
    const report = new ImportReport()
    const mounts: Record<string, unknown> = {}
    const lines = (await sourceText(file, cwd)).split(/\r?\n/)
    for (const [index, line] of lines.entries()) {
      const place = `${file}:${index + 1}`
      if (/^\s*(?:#|$)/.test(line)) continue
      const [, name, command] = /^([A-Za-z0-9_-]+):\s*(.+?)\s*$/.exec(line) ?? []
      if (name === undefined || command === undefined) {
        throw new ConfigError('IMPORT_SYNTAX', place, 'a line of a Procfile is NAME: COMMAND')
      }
      if (name === 'web') {
        mounts['/'] = { run: command, speaks: 'http', cwd: dirname(resolve(cwd, file)) }
        report.carried(place, line, ['mounts', '/', 'run'])
      } else report.left(place, line, 'it serves nothing: have a service manager run it')
    }
    return { config: { mounts }, report }
  },
}
