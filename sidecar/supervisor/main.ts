// sidegate serve --supervise: the process that keeps the listening sockets, and its signals.
import { statSync } from 'node:fs'
import type { GatewayCommand } from './gateway-process.ts'
import type { SupervisorLink } from './link.ts'
import type { StopSignal } from './orders.ts'
import { Supervisor } from './supervisor.ts'
import { Survivors } from './survivors.ts'

const STOP: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

const NO_LOG_FILES =
  'SIGUSR1: nothing is done; there are no log files to open anew, the logs go to standard output and standard error'

/**
 * Runs gateways for the words of a command line, until a signal ends them. SIGHUP has the next one take over, SIGUSR2 the next one with a
 * supervisor of the version that is installed by then.
 * @param above the supervisor whose place this one is to take
 * @returns the exit code: that of the last gateway
 */
export async function supervise(words: readonly string[], above?: SupervisorLink): Promise<number> {
  if (process.platform === 'win32') {
    process.stderr.write(
      `sidegate: ${words[0] === 'dev' ? 'dev' : '--supervise'}: Windows hands no sockets from process to process; use serve without it\n`,
    )
    return 1
  }
  const args = [...process.execArgv, process.argv[1]!, ...words]
  const cwd = workingFolder(process.env.PWD)
  const command = { file: process.execPath, args, env: process.env, cwd }
  const survivors = new Survivors()
  if (words[0] === 'dev') {
    const { Workbench } = await import('./workbench.ts')
    const bench = new Workbench({ ...command, survivors })
    process.on('uncaughtException', (error) => bench.fault(error))
    for (const signal of [...STOP, 'SIGHUP'] as const) process.on(signal, () => bench.stop(stopFor(signal)))
    return bench.run().finally(() => survivors.close())
  }
  let gateways: GatewayCommand = { ...command, survivors }
  try {
    const user = userIn(words)
    // What it takes is loaded where it is needed.
    if (user !== undefined) gateways = (await import('./lesser-user.ts')).asUser(gateways, user)
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    process.stderr.write(`sidegate: --user: ${message} [${code}]\n`)
    return 1
  }
  const supervisor = new Supervisor({ gateways, supervisors: command }, above)
  process.on('uncaughtException', (error) => supervisor.fault(error))
  for (const signal of STOP) process.on(signal, () => supervisor.stop(signal))
  process.on('SIGHUP', () => void supervisor.reload('SIGHUP'))
  process.on('SIGUSR1', () => supervisor.note(NO_LOG_FILES))
  process.on('SIGUSR2', () => void supervisor.upgrade('SIGUSR2'))
  return supervisor.run().finally(() => survivors.close())
}

/** The terminal of `dev` is closed: that is the end of it. */
function stopFor(signal: StopSignal | 'SIGHUP'): StopSignal {
  return signal === 'SIGHUP' ? 'SIGTERM' : signal
}

/** The working directory by the name under which it was entered: a deployment may put another folder there, by a symbolic link. */
function workingFolder(name: string | undefined): string {
  const here = process.cwd()
  if (name === undefined) return here
  const [there, own] = [name, here].map((path) => statSync(path, { throwIfNoEntry: false }))
  return there && own && there.ino === own.ino && there.dev === own.dev ? name : here
}

/** The option `--user` among the words of a command line. */
function userIn(words: readonly string[]): string | undefined {
  const end = words.indexOf('--')
  const options = words.slice(0, end < 0 ? undefined : end)
  const at = options.findLastIndex((word) => word === '--user' || word.startsWith('--user='))
  return at < 0 ? undefined : options[at] === '--user' ? options[at + 1] : options[at]!.slice('--user='.length)
}
