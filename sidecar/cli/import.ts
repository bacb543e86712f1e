// sidegate import: the configuration of another server, written as one of Sidegate.
import { stat, writeFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { importers } from '../importers/index.ts'
import { written, type WrittenFormat } from '../importers/written.ts'
import { nearest } from '../nearest.ts'
import { EXIT, text, UsageError, type Call, type Command } from './command.ts'

export const importCommand: Command = {
  name: 'import',
  summary: 'Write the configuration that serves what a file of another server serves.',
  synopsis: `${importers.map(({ name }) => name).join('|')} FILE [WORD…] [options]`,
  positionals: { min: 2, max: Infinity },
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      text: 'Where the configuration is written, in the format of its ending: .yaml, .yml, .json, .ts, .mts, .js or .mjs. A file that is there is kept; a new one is for those who may read FILE.',
      default: 'standard output, as YAML',
    },
    {
      name: 'report',
      value: 'FILE',
      text: 'Where it is written what became of each line.',
      default: 'standard error',
    },
  ],
  foreign: () => 'the command line of another server goes behind --: sidegate import gunicorn FILE -- -w 4 shop:app',
  examples: [
    ['sidegate import uwsgi uwsgi.ini -o sidegate.config.yaml', 'a file of uWSGI, with all that it includes'],
    ['sidegate import procfile Procfile -o sidegate.config.yaml', 'the process web of a Procfile'],
    ['sidegate import gunicorn gunicorn.conf.py -- -w 4 shop:app', 'what gunicorn serves with that command line'],
  ],
  async run({ positionals, options, context }: Call): Promise<number> {
    const [name = '', file = '', ...words] = positionals
    const entry = importers.find((one) => one.name === name)
    if (!entry) {
      const names = importers.map((one) => one.name)
      const meant = nearest(name, names)
      throw new UsageError(
        `nothing is known of ${JSON.stringify(name)}: ${meant === undefined ? names.join(', ') : `is it ${meant}?`}`,
        'import',
      )
    }
    const output = text(options, 'output')
    const reportFile = text(options, 'report')
    const { cwd, environment, stdout, stderr } = context
    const format = output === undefined ? 'yaml' : formatOf(output)
    if (output !== undefined && reportFile !== undefined && resolve(cwd, output) === resolve(cwd, reportFile))
      throw new UsageError('--output and --report name the same file', 'import')
    const importer = await entry.load()
    const { config, report } = await importer.read({ file, words, cwd, environment })
    const result = await written(config, format, [`From ${file}, by sidegate import ${name}.`])
    if (output === undefined) stdout.write(result)
    else await write('output', resolve(cwd, output), result, { flag: 'wx', mode: await modeOf(resolve(cwd, file)) })
    if (reportFile === undefined) stderr.write(report.full())
    else await write('report', resolve(cwd, reportFile), report.full(), { flag: 'w' })
    return EXIT.ok
  },
}

/** Endings of configurations, and how each is written. */
const ENDINGS: ReadonlyMap<string, WrittenFormat> = new Map([
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['json', 'json'],
  ['ts', 'ts'],
  ['mts', 'ts'],
  ['js', 'js'],
  ['mjs', 'js'],
])

/** @throws {UsageError} for an ending that no format has */
function formatOf(file: string): WrittenFormat {
  const ending = extname(file).slice(1)
  const format = ENDINGS.get(ending)
  if (!format)
    throw new UsageError(
      `--output FILE ends in ${[...ENDINGS.keys()].map((one) => `.${one}`).join(', ')}, not ${JSON.stringify(file)}`,
      'import',
    )
  return format
}

/** Passwords that are in the file are in the result: whoever may not read the one may not read the other. */
async function modeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  return found?.isFile() === true ? found.mode & 0o666 : 0o600
}

/** @param how flag `wx`: only where there is none yet @throws {UsageError} */
async function write(
  option: string,
  file: string,
  result: string,
  how: { readonly flag: 'w' | 'wx'; readonly mode?: number },
): Promise<void> {
  await writeFile(file, result, how).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? 'is there already: it is kept' : `cannot be written: ${error.message}`
    throw new UsageError(`--${option} ${file} ${why}`, 'import')
  })
}
