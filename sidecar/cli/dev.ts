// sidegate dev: serves apps while they are written. This is the gateway of it, one after the other; supervisor/workbench.ts starts them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as v from 'valibot'
import type { GatewayConfig, Validated } from '../config/validate.ts'
import { developmentPage, pageOf } from '../development-page.ts'
import { useErrorPage } from '../errors.ts'
import { Gateway } from '../gateway.ts'
import { gatewayOf } from '../library/gateway.ts'
import { listenerSettings, type ListenerSettings } from '../listen/settings.ts'
import type { Log } from '../log.ts'
import type { Mount } from '../mounts/mount.ts'
import { syntaxError } from '../mounts/syntax.ts'
import { demand } from '../problem.ts'
import { adminPlace } from './admin-place.ts'
import { announce } from './announce.ts'
import { AppExit } from './app-exit.ts'
import { EXIT, text, UsageError, type Call, type Command, type Context, type Supervised } from './command.ts'
import { configOptions, foreignWords, prepare, type Prepared } from './config-options.ts'
import { failureLines } from './failure.ts'
import { LoadedFiles } from './loaded-files.ts'
import { openServeLog } from './serve-log.ts'
import type { Watched } from '../supervisor/file-watch.ts'
import { reportStray } from '../stray.ts'

/** What an old gateway may still take for requests that it has, in milliseconds: the next one is there already. */
const STOP_MS = 5000

export const dev: Command = {
  name: 'dev',
  summary:
    'Serve apps while you write them: a change starts them anew, requests wait meanwhile, errors are shown with their place.',
  synopsis: '[TARGET…] [options]',
  positionals: { min: 0, max: Infinity },
  options: [...configOptions, { name: 'admin', value: 'ADDRESS', text: 'As of serve.', default: 'as of serve' }],
  foreign: foreignWords,
  examples: [
    ['sidegate dev app:./hello.ts', 'http://127.0.0.1:8000/ has what was just saved'],
    ['sidegate dev', 'what sidegate.config.ts in this folder says'],
  ],
  async run(call: Call): Promise<number> {
    const { supervised } = call.context
    if (!supervised) throw new UsageError('it needs sockets that go from process to process, which this system has not')
    const exit = new AppExit(call.context)
    try {
      return await develop(call, supervised, exit)
    } finally {
      exit.stop()
    }
  },
}

async function develop(call: Call, supervised: Supervised, exit: AppExit): Promise<number> {
  const { context } = call
  process.env.NODE_ENV ??= 'development'
  let ready = false
  let trees: readonly string[] = []
  const loaded = new LoadedFiles(() => {
    if (ready) supervised.watch(watched())
  })
  const watched = (): Watched => ({ files: loaded.all, trees, read: loaded.times })
  loaded.watchModules()
  useErrorPage(developmentPage(loaded.has))
  const stopped = new Promise<void>((resolve) => {
    context.onStopSignal(() => resolve())
    void supervised.succeeded.then(resolve)
    void supervised.orphaned.then(resolve)
  })
  const serveLog = openServeLog('text', true, context)
  const { log } = serveLog
  exit.log = log
  let prepared: Prepared | undefined
  let gateway: Gateway
  try {
    await context.beforeApps()
    prepared = await prepare(call)
    if (prepared.config.file !== undefined) loaded.add(resolve(context.cwd, prepared.config.file))
    demand(prepared)
    gateway = gatewayOf(plain(prepared), log, { succession: supervised, source: loaded.add })
    await gateway.start()
  } catch (error) {
    const why = failureLines(error) + mistakes(loaded.all)
    context.stderr.write(why)
    // Nobody knows which file is missing, or is read before its module is there.
    trees = [prepared?.config.directory ?? context.cwd]
    gateway = await failing(why, prepared?.config, supervised, log)
  }
  if (prepared && supervised.generation === 1)
    announce(gateway.addresses, prepared.config, prepared.targets, context, log)
  const stopStray = reportStray(log)
  await supervised.ready(
    {
      log: { format: 'text', level: 'info', file: undefined },
      processes: 1,
      listeners: gateway.listenerKeys,
      stopTimeout: STOP_MS,
      watched: watched(),
      admin: placeOfAdmin(call, prepared?.config),
    },
    gateway,
  )
  ready = true
  await stopped
  await gateway.drain()
  stopStray()
  serveLog.close()
  return EXIT.ok
}

/** What is said about a start has no words of clients. */
function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

/** Where a module cannot be parsed: what Node.js throws for that does not say where. */
function mistakes(files: readonly string[]): string {
  const modules = files.filter((file) => /\.[cm]?[jt]s$/.test(file) && existsSync(file))
  const found = modules.flatMap((file) => {
    const wrong = syntaxError(readFileSync(file, 'utf8'), file)
    return wrong ? [`    ${wrong.message}\n        at ${file}:${wrong.line ?? 1}\n`] : []
  })
  return found.join('')
}

/** One process each: what is loaded again and again should load little, and its stack is one. */
function plain(prepared: Prepared): Validated {
  const { config } = prepared
  const mounts = config.mounts.map((mount) => {
    if (mount.settings.processes === undefined) return mount
    const { processes: _, ...settings } = mount.settings
    return { ...mount, settings: mount.kind.kind === 'python' ? { ...settings, processes: 1 } : settings }
  })
  return {
    ...prepared,
    config: { ...config, processes: 1, mounts, drainTimeout: Math.min(config.drainTimeout, STOP_MS / 1000) },
  }
}

/**
 * A gateway that says everywhere why there is none.
 * @throws where nobody knows where: at the first start without a configuration that can be read
 */
async function failing(
  why: string,
  config: GatewayConfig | undefined,
  supervised: Supervised,
  log: Log,
): Promise<Gateway> {
  const handed = Object.keys(supervised.sockets).map((key) => key.replace(/ \([0-9]+\)$/, ''))
  const listen: readonly ListenerSettings[] =
    handed.length > 0 || !config ? handed.map((address) => v.parse(listenerSettings, { address })) : config.listen
  if (listen.length === 0) throw new UsageError('there is no address to say so at: see above')
  const { headers, body } = pageOf('This does not start', why.split('\n')[0] ?? '', why, isFile)
  const mount: Mount = {
    open: async () => {},
    handle(exchange) {
      exchange.respond({ status: 500, reason: 'Internal Server Error', headers })
      exchange.end(body)
    },
    close: async () => {},
  }
  const gateway = new Gateway({
    listen,
    mounts: [{ key: '/', mount }],
    log,
    host: config?.host,
    succession: supervised,
  })
  await gateway.start()
  return gateway
}

function placeOfAdmin({ options, context }: Call, config: GatewayConfig | undefined): string {
  const { cwd, environment } = context satisfies Context
  const directory = config?.directory ?? cwd
  return adminPlace({ directory, setting: config?.admin, option: text(options, 'admin'), cwd, environment })
}
