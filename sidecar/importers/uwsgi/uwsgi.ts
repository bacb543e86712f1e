// The importer of uWSGI's files: reads them as uWSGI does, has each option become what it is here, and says what became of it.
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Imported, Importer, ImportSource } from '../importer.ts'
import { ImportReport } from '../report.ts'
import { compose, type Composed } from './compose.ts'
import { hostAdvice } from './host-advice.ts'
import { Instance } from './instance.ts'
import { hasFormat, readEnvironment, readWords, UwsgiReader } from './reader.ts'
import { readEnvDirs } from './rules/environment.ts'
import { findStaticFiles } from './rules/static.ts'
import { magicShown } from './magic.ts'
import type { UwsgiAside, UwsgiOption } from './option.ts'
import type { Verdict } from './rule.ts'
import { isSwitch, refusal, ruleOf, unknownNote } from './table.ts'
import { settle } from './settle.ts'
import { forAllVassals, tyrant, vassalsOf, type Vassal } from './vassals.ts'
import { ownOption, writtenOption } from './written-option.ts'

/** An emperor over emperors; more is a circle. */
const EMPERORS_MAX = 3
/** A value that is found in a note by chance. */
const SHORT = 4
/** Files of an emperor; more is a slip. */
const VASSALS_MAX = 1000

export const uwsgi: Importer = {
  name: 'uwsgi',
  async read(source: ImportSource): Promise<Imported> {
    const { file, words, cwd, environment } = source
    const report = new ImportReport()
    const isFolder = (await stat(resolve(cwd, file)).catch(() => undefined))?.isDirectory() ?? false
    const reader = new UwsgiReader({ cwd, environment })
    await readEnvironment(reader, environment)
    if (isFolder) await reader.option('emperor', file, file)
    // As `uwsgi --ini FILE` has it, whatever the file is called.
    else await reader.file(file, hasFormat(file.replace(/:[^:/]*$/, '')) ? 'any' : 'ini')
    await readWords(reader, words, isSwitch)
    const main = await taken(reader, cwd)
    const others = await vassals(main, source, report, EMPERORS_MAX)
    settle(others, report)
    const all = [main, ...others]
    const serving = all.map(({ instance }) => instance)
    const composed = compose(serving)
    for (const one of all) tell(one, composed, report)
    if (Object.keys(composed.config.mounts as object).length === 0)
      report.left(
        file,
        'no app',
        'it names no app (module, wsgi-file, mount, …): give its other files or options behind it, as uWSGI gets them',
      )
    for (const line of hostAdvice(serving)) report.host(line)
    return { config: composed.config, report }
  },
}

/** An instance, and what became of each of its options; undefined: there is no row for it. */
interface Taken {
  readonly instance: Instance
  readonly verdicts: readonly (Verdict | undefined)[]
  readonly placeholders: ReadonlySet<string>
  readonly asides: readonly UwsgiAside[]
  /** Its file, where it is one of an emperor's. */
  readonly file?: string
}

async function taken(reader: UwsgiReader, cwd: string): Promise<Taken> {
  const instance = new Instance(await reader.end(), cwd)
  instance.staticFiles = await findStaticFiles(instance)
  await readEnvDirs(instance)
  const verdicts = instance.options.map((option): Verdict | undefined => {
    const rule = ruleOf(option.key)
    if (option.doubt !== undefined) return { outcome: 'left', note: option.doubt }
    if (!rule) return undefined
    return 'take' in rule && rule.take ? rule.take(option, instance) : { outcome: 'left', note: refusal(rule) }
  })
  return { instance, verdicts, placeholders: reader.placeholders, asides: reader.asides }
}

/** All vassals of an emperor, and those of theirs. */
async function vassals(
  { instance: emperor, verdicts }: Taken,
  source: ImportSource,
  report: ImportReport,
  left: number,
): Promise<Taken[]> {
  const found: Taken[] = []
  for (const [index, { key, value, place }] of emperor.options.entries()) {
    if (key !== 'emperor') continue
    const files = left === 0 ? [] : await vassalsOf(value, emperor.folder)
    const shown = writtenOption({ key, value })
    ;(verdicts as (Verdict | undefined)[])[index] =
      files.length === 0
        ? {
            outcome: 'left',
            note:
              left === 0
                ? 'emperors over emperors are not followed any further'
                : 'there is no folder with files of uWSGI',
          }
        : {
            outcome: 'changed',
            note: `${Math.min(files.length, VASSALS_MAX)} vassals are mounts of one Sidegate, each on the addresses of all`,
          }
    if (files.length > VASSALS_MAX)
      report.left(place, shown, `more than ${VASSALS_MAX} vassals: the others are left out`)
    for (const vassal of files.slice(0, VASSALS_MAX)) {
      const one = await vassalAt(vassal, emperor, source)
      found.push(one, ...(await vassals(one, source, report, left - 1)))
    }
  }
  return found
}

async function vassalAt({ file, cwd }: Vassal, emperor: Instance, { environment }: ImportSource): Promise<Taken> {
  const reader = new UwsgiReader({ cwd, environment })
  const { before, after } = forAllVassals(emperor)
  for (const [key, value] of before) await reader.option(key, value, 'vassals-set')
  await reader.file(file)
  for (const [key, value] of after) await reader.option(key, resolve(emperor.folder, value), `vassals-${key}`)
  const owner = await tyrant(emperor, file)
  if (owner) {
    await reader.option('uid', String(owner.uid), `${file} (emperor-tyrant)`)
    await reader.option('gid', String(owner.gid), `${file} (emperor-tyrant)`)
  }
  return { ...(await taken(reader, cwd)), file }
}

/** Says what became of the options of an instance. */
function tell(
  { instance, verdicts, placeholders, asides, file }: Taken,
  composed: Composed,
  report: ImportReport,
): void {
  const isDropped = file !== undefined && instance.mounts.length === 0
  for (const [index, option] of instance.options.entries()) {
    const { place, key } = option
    const written = writtenOption(option)
    const verdict = verdicts[index]
    if (!verdict) {
      if (placeholders.has(key)) report.carried(place, ownOption(option), undefined, 'a placeholder')
      else report.left(place, ownOption(option), unknownNote(key))
      continue
    }
    const { outcome } = verdict
    const note = unfilled(verdict.note, option)
    const to =
      outcome === 'left' || verdict.to === undefined
        ? undefined
        : isDropped
          ? 'nothing of this vassal is served'
          : composed.place(instance, verdict.to)
    if (outcome === 'left') report.left(place, written, note!)
    else if (typeof to === 'string') report.left(place, written, to)
    else if (outcome === 'changed') report.changed(place, written, to, note!)
    else report.carried(place, written, to, note)
  }
  for (const aside of asides) {
    const written = ruleOf(aside.key) ? writtenOption(aside) : ownOption(aside)
    if (aside.left === undefined) report.carried(aside.place, written, undefined, 'it says how the file is read')
    else report.left(aside.place, written, aside.left)
  }
}

/** A note that quotes a value has it as it was written: what was filled in may be a password. */
function unfilled(note: string | undefined, { value, raw }: UwsgiOption): string | undefined {
  return raw === undefined || value.length < SHORT ? note : note?.replaceAll(value, () => magicShown(raw))
}
