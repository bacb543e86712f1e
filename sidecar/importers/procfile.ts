// A Procfile: lines `NAME: COMMAND`. The process `web` listens on $PORT; the others are no part of a gateway.
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import type { Imported, Importer, ImportSource } from './importer.ts'
import { processCommand } from './procfile/command.ts'
import { knownProgram } from './procfile/programs.ts'
import { ImportReport } from './report.ts'
import { sourceText } from './source-text.ts'

/** Processes with a meaning of their own. */
const OTHERS: Readonly<Record<string, string>> = {
  release: 'it serves nothing: run it with each deployment, before `sidegate reload`',
}

export const procfile: Importer = {
  name: 'procfile',
  async read({ file, words, cwd }: ImportSource): Promise<Imported> {
    const [word] = words
    if (word !== undefined)
      throw new ConfigError('IMPORT_WORDS', word, 'nothing stands behind a Procfile: its process web is what is served')
    const report = new ImportReport()
    const folder = dirname(resolve(cwd, file))
    let mount: Readonly<Record<string, unknown>> | undefined
    const lines = (await sourceText(file, cwd)).split(/\r?\n/)
    for (const [index, line] of lines.entries()) {
      const place = `${file}:${index + 1}`
      if (/^\s*(?:#|$)/.test(line)) continue
      const [, name, command] = /^([A-Za-z0-9_-]+):\s*(.+?)\s*$/.exec(line) ?? []
      if (name === undefined || command === undefined) {
        throw new ConfigError('IMPORT_SYNTAX', place, 'a line of a Procfile is NAME: COMMAND')
      }
      const { shown } = processCommand(command)
      if (name !== 'web') {
        report.left(place, `${name}: ${shown}`, OTHERS[name] ?? 'it serves nothing: have a service manager run it')
      } else if (mount) report.left(place, `${name}: ${shown}`, 'there is a process web already')
      else mount = await webMount(command, folder, place, report)
    }
    if (!mount)
      throw new ConfigError('IMPORT_SYNTAX', file, 'there is no process web in it, which is the one that serves')
    await nameVariables(folder, dirname(file), report)
    return { config: { mounts: { '/': mount } }, report }
  },
}

async function webMount(
  command: string,
  folder: string,
  place: string,
  report: ImportReport,
): Promise<Readonly<Record<string, unknown>>> {
  const { settings, shown, changes, words } = processCommand(command)
  const written = `web: ${shown}`
  const program = knownProgram(words)
  const other = program?.mount?.(words, folder)
  if (program && other) {
    report.changed(place, written, ['mounts', '/'], program.note)
    return other
  }
  const app = await program?.appOf?.(folder, words.join(' '))
  const notes = [...changes, ...(program ? [program.note.replace('{app}', app ?? '')] : [])]
  const { run, env = {} } = settings
  if (env.PORT === '$PORT') notes.push('it finds its port in PORT; it should listen on 127.0.0.1 alone')
  const to = ['mounts', '/', 'run']
  if (notes.length > 0) report.changed(place, written, to, notes.join('; '))
  else report.carried(place, written, to)
  return { run, speaks: 'http', cwd: folder, ...(settings.env && { env }) }
}

/** A file `.env` is for whoever starts the processes: its variables are named, and nothing of what they are. */
async function nameVariables(folder: string, shownFolder: string, report: ImportReport): Promise<void> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '')
  const names = [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map(([, name]) => name!)
  if (names.length === 0) return
  const why =
    'its variables are not read: set them where Sidegate is started (EnvironmentFile= of a unit), or in `env` of the mount'
  report.left(join(shownFolder, '.env'), names.join(', '), why)
}
