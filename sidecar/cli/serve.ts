// sidegate serve: starts the gateway, says what is where, and runs until a signal.
import { Console } from 'node:console'
import { setTimeout as after } from 'node:timers/promises'
import { resolve } from 'node:path'
import type { Gateway } from '../gateway.ts'
import type { AdminDesk } from '../admin/desk.ts'
import { ConfigError } from '../errors.ts'
import type { GatewayConfig } from '../config/validate.ts'
import type { Log } from '../log.ts'
import { ServiceManager } from '../service-manager.ts'
import { RotatingFile } from '../rotating-file.ts'
import { adminPlace } from './admin-place.ts'
import { Alone } from './alone.ts'
import { announce } from './announce.ts'
import { AppExit } from './app-exit.ts'
import {
  EXIT,
  text,
  texts,
  UsageError,
  type Call,
  type Command,
  type Context,
  type Option,
  type Supervised,
  type UserSignal,
} from './command.ts'
import { demand } from '../problem.ts'
import { configOptions, foreignWords, prepare, runOptions } from './config-options.ts'
import { failureLines } from './failure.ts'
import { Lifeline } from './lifeline.ts'
import { gatewayOf } from '../library/gateway.ts'
import { openServeLog } from './serve-log.ts'
import { settledWithin } from '../settled.ts'
import { reportStray } from '../stray.ts'
import { warnOfRoot } from './root-apps.ts'
import { reportWarnings } from './warnings.ts'

/** What may take longer than the requests in flight when the gateway stops: workers that end. In milliseconds. */
const CLOSE_TIMEOUT = 10_000

const ORPHANED = 'the supervisor is gone'

const adminOption: Option = {
  name: 'admin',
  value: 'ADDRESS',
  text: 'Where `status`, `reload`, `stop` and the like ask: unix:PATH, on Windows pipe:NAME. Only this user may open it.',
  default: 'that of the configuration, or one in /run/sidegate or $XDG_RUNTIME_DIR/sidegate',
}

const superviseOption: Option = {
  name: 'supervise',
  text: 'Serve in a process below one that keeps the listening sockets: SIGHUP reads the configuration and the apps anew and costs no request, and a process that dies is replaced. So it is by itself where NODE_ENV is production (not on Windows).',
}

const aloneOption: Option = {
  name: 'no-supervise',
  text: 'Serve in the process that is started, where NODE_ENV is production too.',
}

const userOption: Option = {
  name: 'user',
  value: 'USER[:GROUP]',
  text: 'Below a supervisor that is root: as whom gateways run. They may listen on ports below 1024 all the same. On Linux.',
}

const watchOption: Option = {
  name: 'watch',
  value: 'PATH',
  repeat: true,
  text: 'With --supervise: reload when this file, or a source below this folder, changes.',
}

export const serve: Command = {
  name: 'serve',
  summary: 'Mount apps and serve them to the web server in front.',
  synopsis: '[TARGET…] [options]',
  positionals: { min: 0, max: Infinity },
  options: [
    ...configOptions,
    ...runOptions,
    {
      name: 'lifeline',
      value: 'ADDRESS',
      text: 'Stop when nobody has been connected to this address for 60 s. For who starts Sidegate and may be ended without a word: the handler for IIS.',
    },
    superviseOption,
    aloneOption,
    userOption,
    watchOption,
    adminOption,
  ],
  foreign: foreignWords,
  examples: [
    ['sidegate serve app:./hello.ts', 'one app at /, on 127.0.0.1:8000'],
    [
      'sidegate serve app:./hello.ts /shop=python:shop.wsgi:application --listen unix:run/s.sock',
      'two apps side by side',
    ],
    ['sidegate serve', 'what sidegate.config.ts in this folder says'],
  ],
  async run(call: Call): Promise<number> {
    const exit = new AppExit(call.context)
    const address = text(call.options, 'lifeline')
    const file = text(call.options, 'log-file')
    const lifeline = address === undefined ? undefined : await Lifeline.open(address)
    try {
      return await serveUntilStopped(call, exit, lifeline)
    } catch (error) {
      // Where there is no standard error, this is the only place to look.
      if (file !== undefined) openLogFile(resolve(call.context.cwd, file), call.context).end(failureLines(error))
      throw error
    } finally {
      lifeline?.close()
      exit.stop()
    }
  },
}

async function serveUntilStopped(call: Call, exit: AppExit, lifeline: Lifeline | undefined): Promise<number> {
  const { supervised: below } = call.context
  if (!below && texts(call.options, 'watch').length > 0)
    throw new UsageError('--watch goes with --supervise: another gateway takes over when something changes', 'serve')
  if (!below && call.options.user !== undefined)
    throw new UsageError('--user goes with --supervise: the supervisor stays root, gateways do not', 'serve')
  const prepared = await prepare(withPlatformPort(call))
  demand(prepared)
  const { config, targets } = prepared
  const context = withLogFile(call.context, config)
  const { supervised } = context
  const serveLog = openServeLog(config.log.format, config.log.access, context)
  const { log } = serveLog
  log.level = config.log.level
  exit.log = log
  const manager = ServiceManager.of(context.environment, process.pid, () => log)
  const gateway = gatewayOf(prepared, log, { succession: supervised, place: supervised?.place })
  const signals = new Signals(context)
  void lifeline?.letGo.then(() => signals.came('nobody holds the lifeline'))
  const stopWarnings = reportWarnings(log)
  const stopNotes = context.onUserSignal((signal) => noteUserSignal(signal, log, supervised !== undefined))
  let desk: Promise<AdminDesk> | undefined
  try {
    await context.beforeApps()
    const started = gateway.start()
    // Another one may be wanted before this one serves.
    const early = await Promise.race([
      started,
      signals.next(),
      ...(supervised ? [supervised.succeeded.then(() => true), supervised.orphaned.then(() => true)] : []),
    ])
    if (early !== undefined) {
      started.catch(() => {})
      await settledWithin(CLOSE_TIMEOUT, gateway.close())
      return EXIT.ok
    }
    const admin = adminPlace({
      directory: config.directory,
      setting: config.admin,
      option: text(call.options, 'admin'),
      cwd: context.cwd,
      environment: context.environment,
    })
    await supervised?.ready(
      {
        log: {
          format: config.log.format,
          level: config.log.level,
          file: config.log.file === undefined ? undefined : resolve(config.directory, config.log.file),
        },
        processes: config.processes,
        listeners: gateway.listenerKeys,
        stopTimeout: (config.shutdownDelay + config.drainTimeout) * 1000 + CLOSE_TIMEOUT,
        watched: {
          files: config.reloadOnTouch.map((file) => resolve(config.directory, file)),
          trees: texts(call.options, 'watch').map((path) => resolve(context.cwd, path)),
          since: Date.now(),
        },
        admin,
      },
      gateway,
    )
    void gateway.ended.then(() => signals.came('the end of standard input'))
    // Of several that serve together, one says it for all.
    if (!supervised?.place) {
      announce(gateway.addresses, config, targets, context, log)
      warnOfRoot(config, log)
    }
    if (!supervised && config.reloadOnTouch.length > 0)
      log.info('reloadOnTouch: without --supervise nothing is reloaded')
    lifeline?.ready()
    if (!supervised) desk = deskOf(new Alone(gateway, () => signals.came('sidegate stop')), admin, log)
    manager?.ready('serves')
    manager?.watch(() => Promise.resolve())
    const stop = reportStray(log)
    const code = await untilStopped(gateway, config, signals, log, { lifeline, supervised, manager })
    stop()
    return code
  } finally {
    void desk?.then((one) => one.close())
    await manager?.sent()
    signals.stop()
    stopNotes()
    stopWarnings()
    serveLog.close()
  }
}

/**
 * IIS's HttpPlatformHandler names a port, and passes requests on to it by HTTP with X-Forwarded-* of its own. Another one for each process, so
 * that an old and a new one may run at once: what the configuration says of addresses is for other ways to start.
 * Of X-Forwarded-Host it is not known that it writes it, so that what is there may be the client's.
 * @throws {UsageError} for a port that is none
 */
function withPlatformPort(call: Call): Call {
  const port = call.context.environment.HTTP_PLATFORM_PORT
  if (!port || call.options.listen !== undefined) return call
  if (!/^[0-9]{1,5}$/.test(port))
    throw new UsageError(`HTTP_PLATFORM_PORT is ${JSON.stringify(port)}, which is no port`)
  const trust = ['127.0.0.1', '::1']
  return { ...call, options: { ...call.options, listen: [`http://127.0.0.1:${port}`], trust, 'forwarded-host': false } }
}

/** Loaded when it serves: what waits for the start should not wait for this. */
async function deskOf(of: Alone, place: string, log: Log): Promise<AdminDesk> {
  const { AdminDesk } = await import('../admin/desk.ts')
  const desk = new AdminDesk(of)
  await desk.at(place, log)
  return desk
}

/** The surroundings with the log file for outputs, where there is to be one; what apps print goes there too. */
function withLogFile(context: Context, { log: { file }, directory }: GatewayConfig): Context {
  if (file === undefined) return context
  const output = openLogFile(resolve(directory, file), context)
  globalThis.console = new Console(output)
  return { ...context, stdout: output, stderr: output }
}

/** @throws {ConfigError} LOG_FILE */
function openLogFile(path: string, { stderr }: Context): RotatingFile {
  try {
    return new RotatingFile(path, ({ message }) => {
      stderr.write(`sidegate: ${path} cannot be written: ${message}; requests are served all the same [LOG_LOST]\n`)
    })
  } catch (error) {
    throw new ConfigError('LOG_FILE', 'log.file', `${path} cannot be written: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Who else has to do with the life of a gateway. */
interface Companions {
  readonly lifeline: Lifeline | undefined
  readonly supervised: Supervised | undefined
  readonly manager: ServiceManager | undefined
}

/** Waits for a signal, or until another process follows, then drains; a second signal closes at once. */
async function untilStopped(
  gateway: Gateway,
  config: GatewayConfig,
  signals: Signals,
  log: Log,
  { lifeline, supervised, manager }: Companions,
): Promise<number> {
  const first = await Promise.race([
    signals.next(),
    ...(supervised ? [supervised.succeeded, supervised.orphaned.then(() => ORPHANED)] : []),
  ])
  // Who looks for a gateway from now on needs another one.
  lifeline?.close()
  manager?.stopping(`${first}: finishes what is under way`)
  if (first !== undefined && first !== ORPHANED && config.shutdownDelay > 0) {
    gateway.leaving = true
    log.info(`${first}: serves on for ${config.shutdownDelay} s, as not ready; a second signal stops at once`)
    const hurry = await Promise.race([after(config.shutdownDelay * 1000), signals.next()])
    if (hurry !== undefined) return cut(gateway, hurry, log)
  }
  if (first !== undefined)
    log.info(
      `${first}: no new requests; those under way get ${config.drainTimeout} s to finish, a second signal stops at once`,
    )
  const drained = settledWithin(config.drainTimeout * 1000 + CLOSE_TIMEOUT, gateway.drain())
  const second = await Promise.race([drained, signals.next()])
  if (second === undefined) {
    if (first !== undefined) log.info('stopped')
    return EXIT.ok
  }
  return cut(gateway, second, log)
}

async function cut(gateway: Gateway, signal: string, log: Log): Promise<number> {
  log.warn(`${signal}: stopping at once`, { code: 'STOPPED' })
  await settledWithin(CLOSE_TIMEOUT, gateway.close())
  return EXIT.cut
}

/** To others SIGUSR1 means "open the log files anew", SIGUSR2 "start the next version"; whoever sends them shall learn that nothing was done. */
function noteUserSignal(signal: UserSignal, log: Log, supervised: boolean): void {
  const next = supervised
    ? `it is for the supervisor, process ${process.ppid}`
    : 'with --supervise it would have the version that is installed now take over; SIGTERM, SIGINT, SIGHUP and SIGQUIT stop Sidegate'
  const why =
    signal === 'SIGUSR1'
      ? 'there are no log files to open anew, the logs go to standard output and standard error'
      : next
  log.info(`${signal}: nothing is done; ${why}`)
}

/** Signals, and what else makes it stop, as promises; one that comes before it is asked for is kept. */
class Signals {
  readonly stop: () => void
  readonly #waiting: ((signal: string) => void)[] = []
  readonly #kept: string[] = []

  constructor(context: Context) {
    this.stop = context.onStopSignal((signal) => this.came(signal))
  }

  came(reason: string): void {
    const waiting = this.#waiting.splice(0)
    if (waiting.length === 0) this.#kept.push(reason)
    for (const give of waiting) give(reason)
  }

  next(): Promise<string> {
    const kept = this.#kept.shift()
    if (kept !== undefined) return Promise.resolve(kept)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
