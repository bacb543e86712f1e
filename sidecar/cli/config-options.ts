// The options that stand for settings of the configuration, and what a command is to run: the targets of its command line, or a file.
import { dirname, resolve } from 'node:path'
import { settingsOf } from '../config/describe.ts'
import { CONFIG_NAMES, findConfig, loadConfig } from '../config/load.ts'
import { problemsOf, type Problem } from '../problem.ts'
import { DEFAULT_LISTEN, gatewaySettings } from '../config/settings.ts'
import { fromCommandLine, withOverrides, type ConfigSource } from '../config/source.ts'
import { validateConfig, type Validated } from '../config/validate.ts'
import { ConfigError } from '../errors.ts'
import { importers, type ImporterEntry } from '../importers/index.ts'
import { indented } from '../line.ts'
import { listenerSettings } from '../listen/settings.ts'
import { kinds } from '../mounts/index.ts'
import { number, text, texts, UsageError, type Call, type Option, type OptionValues } from './command.ts'
import { readTargets, type MountTarget } from './targets.ts'

const settings = new Map(
  [...settingsOf(gatewaySettings), ...settingsOf(gatewaySettings.entries.log)].map((setting) => [
    setting.name,
    setting,
  ]),
)

/** An option for a setting, described by it. */
function settingOption(name: string, value: string, setting: string): Option {
  const found = settings.get(setting)!
  return { name, value, text: found.description, default: String(found.default) }
}

const ofListener = new Map(settingsOf(listenerSettings).map(({ name, description }) => [name, description]))

/** What is served: options of every command that reads a configuration. */
export const configOptions: readonly Option[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    text: 'The configuration, when no target is given.',
    default: CONFIG_NAMES.join(', ').replaceAll('sidegate.config.', (match, at: number) => (at === 0 ? match : '.')),
  },
  {
    name: 'listen',
    short: 'l',
    value: 'ADDRESS',
    meant: ['port', 'bind', 'address', 'socket'],
    repeat: true,
    text: ofListener.get('address')!,
    default: DEFAULT_LISTEN,
  },
  { name: 'trust', value: 'PEER', repeat: true, text: `${ofListener.get('trust')!} For the addresses of --listen.` },
  settingOption('host', 'NAME', 'host'),
  ...importers.map(({ option, summary }): Option => ({
    name: option,
    value: 'FILE',
    text: `Instead of a configuration: ${summary}.`,
  })),
]

/** Where options of another server go, beside a file of it. */
export function foreignWords(words: readonly string[]): string | undefined {
  const option = importers
    .map((one) => `--${one.option}`)
    .find((one) => words.some((word) => word.split('=')[0] === one))
  return option && `those of the other server go behind --: ${option} FILE -- -w 4`
}

/** How it is run: options of `serve` alone. */
export const runOptions: readonly Option[] = [
  settingOption('log-format', 'FORMAT', 'format'),
  { name: 'no-access-log', text: 'No record a request.' },
  { name: 'log-file', value: 'FILE', text: settings.get('file')!.description },
  settingOption('drain-timeout', 'SECONDS', 'drainTimeout'),
]

/** What a command is to run. */
export interface Prepared extends Validated {
  /** The targets, when they came from the command line. */
  readonly targets: readonly MountTarget[]
}

/**
 * Reads targets, the configuration file or a file of another server, and the options over it. Beside such a file there are no targets: what
 * stands there is for its importer.
 * @param load load the module of a target that does not say its kind, to find that out
 * @throws {UsageError} for targets beside --config, two files, --trust beside the listeners of a file
 * @throws {ConfigError} when the file cannot be read
 */
export async function prepare(call: Call, load = true): Promise<Prepared> {
  const { positionals, options, context } = call
  const { cwd, environment } = context
  const other = otherFile(options)
  const overrides = overridesOf(options, other === undefined && positionals.length > 0, cwd)
  const file = text(options, 'config')
  if (other !== undefined) {
    if (file !== undefined) throw new UsageError(`--${other.entry.option} and --config cannot be used together`)
    const source = withOverrides(await importedSource(other, call), overrides)
    return { ...(await validateConfig(source, kinds, cwd)), targets: [] }
  }
  if (positionals.length > 0) {
    if (file !== undefined)
      throw new UsageError('targets and --config FILE cannot be used together: add the targets to the file')
    const { targets, problems } = await readTargets(positionals, kinds, cwd, load)
    const mounts = Object.fromEntries(targets.map(({ key, kind, value }) => [key, { [kind]: value }]))
    const source = withOverrides({ ...fromCommandLine({ mounts }, cwd), problems }, overrides)
    const validated = await validateConfig(source, kinds, cwd)
    // No target at all is right: then nothing was mounted because of the problems that are told already.
    const told = validated.problems.filter(({ path }) => targets.length > 0 || path !== 'mounts')
    return { ...validated, problems: told, targets }
  }
  const found = file ?? findConfig(cwd)
  if (found === undefined) {
    throw new ConfigError(
      'CONFIG_MISSING',
      '',
      `there is no sidegate.config.ts (.mts, .js, .mjs, .json, .yaml, .yml) in ${cwd}, and no target was given: try sidegate serve app:./hello.ts`,
    )
  }
  const source: ConfigSource = withOverrides(await loadConfig(found, cwd, environment), overrides)
  return { ...(await validateConfig(source, kinds, cwd)), targets: [] }
}

/** A file of another server, where one is to be run. @throws {UsageError} for two */
function otherFile(options: OptionValues): { entry: ImporterEntry; file: string } | undefined {
  const given = importers.flatMap((entry) => {
    const file = text(options, entry.option)
    return file === undefined ? [] : [{ entry, file }]
  })
  if (given.length > 1)
    throw new UsageError(`${given.map(({ entry }) => `--${entry.option}`).join(' and ')} cannot be used together`)
  return given[0]
}

/** What it says in Sidegate's words; what is different is told on standard error. */
async function importedSource(
  { entry, file }: { entry: ImporterEntry; file: string },
  call: Call,
): Promise<ConfigSource> {
  const { cwd, environment, stderr } = call.context
  const importer = await entry.load()
  const { config, report } = await importer.read({ file, words: call.positionals, cwd, environment })
  stderr.write(`sidegate: ${file} is run as it is (sidegate import ${entry.name} writes a configuration of it)\n`)
  stderr.write(`${indented(report.short().trimEnd())}\n`)
  return {
    file,
    foreign: { option: entry.option, hasWords: call.positionals.length > 0 },
    directory: dirname(resolve(cwd, file)),
    data: config,
    expanded: new Set(),
    problems: [],
    place: (path) => report.placeOf(path) ?? file,
  }
}

/** `targets`: there is no file. */
function overridesOf(options: OptionValues, targets: boolean, cwd: string): Record<string, unknown> {
  const overrides: Record<string, unknown> = {}
  const listen = texts(options, 'listen')
  const trust = texts(options, 'trust')
  if (trust.length > 0 && listen.length === 0 && !targets) {
    throw new UsageError('--trust is for the listeners of --listen: those of a configuration have a setting trust')
  }
  if (trust.length > 0) {
    const addresses = listen.length > 0 ? listen : [DEFAULT_LISTEN]
    const forwardedHost = options['forwarded-host'] !== false
    overrides.listen = addresses.map((address) => ({ address, trust, forwardedHost }))
  } else if (listen.length > 0) overrides.listen = listen
  const host = text(options, 'host')
  if (host !== undefined) overrides.host = host
  const drainTimeout = number(options, 'drain-timeout')
  if (drainTimeout !== undefined) overrides.drainTimeout = drainTimeout
  const format = text(options, 'log-format')
  const file = text(options, 'log-file')
  const log = {
    ...(format !== undefined && { format }),
    ...(options['no-access-log'] === true && { access: false }),
    ...(file !== undefined && { file: resolve(cwd, file) }),
  }
  if (Object.keys(log).length > 0) overrides.log = log
  return overrides
}

/** Does something that may throw errors of the configuration, and gives those as problems. Other errors are thrown on. */
export async function gather(work: () => unknown): Promise<readonly Problem[]> {
  try {
    await work()
    return []
  } catch (error) {
    const problems = problemsOf(error)
    if (!problems) throw error
    return problems
  }
}
