// sidegate service: Sidegate as a service of Windows.
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findConfig } from '../config/load.ts'
import { ConfigError } from '../errors.ts'
import { isWindows } from '../file-names.ts'
import { EXIT, text, UsageError, type Call, type Command } from './command.ts'
import { demand } from '../problem.ts'
import { configOptions, prepare } from './config-options.ts'
import {
  describeStep,
  installPlan,
  startSteps,
  stopSteps,
  uninstallSteps,
  type ServiceWish,
  type Step,
} from './service-plan.ts'
import { runSteps } from './service-steps.ts'
import { demandWrapper, unreadable, WINSW } from './service-wrapper.ts'

const ACTIONS = ['install', 'uninstall', 'start', 'stop'] as const

/** Beside the configuration. */
const FOLDER = 'sidegate-service'

/** What a stop may take beside the requests under way: workers that end, and a margin. In seconds. */
const STOP_MARGIN = 15

export const service: Command = {
  name: 'service',
  summary: 'Windows: run Sidegate as a service, from a configuration file.',
  synopsis: `${ACTIONS.join('|')} [options]`,
  positionals: { min: 1, max: 1 },
  options: [
    ...configOptions.filter(({ name }) => name === 'config'),
    { name: 'name', value: 'NAME', text: 'What the service is called.', default: 'Sidegate' },
    { name: 'wrapper', value: 'FILE', text: `install: the program that speaks to Windows for Sidegate, ${WINSW}.` },
    {
      name: 'account',
      value: 'ACCOUNT',
      text: 'install: who it runs as, an account without a password.',
      default: String.raw`NT SERVICE\NAME, which is made with the service`,
    },
    { name: 'dry-run', text: 'Print what would be written and run, and do nothing.' },
  ],
  examples: [
    [String.raw`sidegate service install --wrapper C:\tools\WinSW-x64.exe`, 'for sidegate.config.ts in this folder'],
    ['sidegate service start', 'as net start Sidegate'],
  ],
  async run(call: Call): Promise<number> {
    const [action = ''] = call.positionals
    if (!ACTIONS.some((known) => known === action)) {
      throw new UsageError(`there is nothing to ${action} of a service; it is one of ${ACTIONS.join(', ')}`, 'service')
    }
    if (!isWindows()) {
      const message = `services are of Windows, and this is ${process.platform}: a unit of systemd does the same, with ExecStart= and sidegate serve`
      throw new ConfigError('SERVICE_SYSTEM', '', message)
    }
    const { context, options } = call
    const name = nameOf(call)
    const print = (said: string): void => void context.stdout.write(said)
    if (action === 'install') await install(call, name, print)
    else if (options['dry-run'] === true) for (const step of stepsOf(action, name)) print(`${describeStep(step)}\n`)
    else if (action === 'uninstall') uninstall(folderOf(call), name, print)
    else runSteps(stepsOf(action, name), print)
    return EXIT.ok
  },
}

/** @throws {UsageError} */
function nameOf({ options }: Call): string {
  const name = text(options, 'name') ?? 'Sidegate'
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name)) return name
  throw new UsageError(`--name is of letters, digits, - and _, not ${JSON.stringify(name)}`, 'service')
}

/** The folder of the service: beside the configuration, whether or not that is still there. */
function folderOf({ options, context }: Call): string {
  const config = text(options, 'config')
  return join(config === undefined ? context.cwd : dirname(resolve(context.cwd, config)), FOLDER)
}

/** @throws {ConfigError} SERVICE_WRAPPER, SERVICE_FAILED, CONFIG_MISSING, and those of the configuration */
async function install(call: Call, name: string, print: (said: string) => void): Promise<void> {
  const { options, context } = call
  // Nobody sees what a service says that cannot start.
  const prepared = await prepare({ ...call, positionals: [] })
  demand(prepared)
  const config = resolve(context.cwd, text(options, 'config') ?? findConfig(context.cwd)!)
  const wrapper = demandWrapper(text(options, 'wrapper'), context.cwd)
  const wish: ServiceWish = {
    name,
    account: text(options, 'account') ?? `NT SERVICE\\${name}`,
    folder: folderOf(call),
    wrapper,
    node: process.execPath,
    main: mainFile(),
    config,
    stopTimeout: prepared.config.shutdownDelay + prepared.config.drainTimeout + STOP_MARGIN,
  }
  demandPlain(wish)
  for (const warning of unreadable(wish, context.environment.USERPROFILE))
    context.stderr.write(`sidegate: warning: ${warning}\n`)
  const { program, settings, logs, steps } = installPlan(wish)
  if (options['dry-run'] === true) {
    print(`${program}: a copy of ${wrapper}\n${logs}: a folder\n${settings[0]}:\n${settings[1]}`)
    for (const step of steps) print(`${describeStep(step)}\n`)
    return
  }
  mkdirSync(logs, { recursive: true })
  copyFileSync(wrapper, program)
  writeFileSync(...settings)
  runSteps(steps, print)
  print(`the service ${name} is installed: sidegate service start${name === 'Sidegate' ? '' : ` --name ${name}`}\n`)
}

/** The file of the command. */
function mainFile(): string {
  const [built, source] = ['../main.js', '../main.ts'].map((file) => fileURLToPath(new URL(file, import.meta.url)))
  return existsSync(built!) ? built! : source!
}

/** @throws {UsageError} The wrapper takes %NAME% for a variable of the environment, and has no way to write one otherwise. */
function demandPlain(wish: ServiceWish): void {
  for (const path of [wish.node, wish.main, wish.config, wish.folder]) {
    if (path.includes('%')) throw new UsageError(`${path}: the wrapper takes % for a variable; move it`, 'service')
  }
}

/** What each of the others does. */
function stepsOf(action: string, name: string): readonly Step[] {
  if (action === 'start') return startSteps(name)
  return action === 'stop' ? stopSteps(name) : [...stopSteps(name), ...uninstallSteps(name)]
}

/** The logs stay. @throws {ConfigError} SERVICE_FAILED */
function uninstall(folder: string, name: string, print: (said: string) => void): void {
  try {
    runSteps(stopSteps(name), print)
  } catch (error) {
    // It does not run, as the system has just said; if it does all the same, the next step is told so.
    if (!(error instanceof ConfigError)) throw error
  }
  runSteps(uninstallSteps(name), print)
  // The wrapper may need a moment more to end than to say that it has stopped.
  for (const ending of ['exe', 'xml']) {
    rmSync(join(folder, `${name}.${ending}`), { force: true, maxRetries: 10, retryDelay: 200 })
  }
}
