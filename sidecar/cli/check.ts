// sidegate check: everything that could keep serve from starting, in one run. Addresses and upstreams are tried. Apps are not loaded, and no
// command is started, unless it is asked for: what an app does when it is loaded (jobs, timers, migrations) it would do a second time, beside
// the one that serves.
import { rmdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import type { Host } from '../../plugin/host.ts'
import { hosts } from '../../plugin/index.ts'
import { parseListenAddress, type ListenAddress } from '../address.ts'
import { isWindows } from '../file-names.ts'
import { bind } from '../listen/bind.ts'
import { formatProblem, problemsOf, type Problem } from '../problem.ts'
import type { GatewayConfig } from '../config/validate.ts'
import { Log } from '../log.ts'
import { plugInput } from './announce.ts'
import { EXIT, type Call, type Command } from './command.ts'
import { configOptions, foreignWords, gather, prepare } from './config-options.ts'
import { describeOverlap } from '../mounts/script-places.ts'
import { gatewayOf } from '../library/gateway.ts'
import { createLayers } from '../library/layers.ts'
import { createMounts, scriptOverlaps } from '../library/mounts.ts'
import { checkAll, closeAll } from '../middleware/chain.ts'

/** So many mounts are looked at at a time: each may be a process of Python or a connection. */
const AT_A_TIME = 8

export const check: Command = {
  name: 'check',
  summary: 'Find every problem that would keep serve from starting.',
  synopsis: '[TARGET…] [options]',
  positionals: { min: 0, max: Infinity },
  options: [
    ...configOptions,
    { name: 'start', text: 'Load every app and start every command too, as serve does, and end them again.' },
    { name: 'no-listen', text: 'Do not try the addresses: the gateway is running on them.' },
    { name: 'no-connect', text: 'Do not try the upstreams: they cannot be reached from here.' },
  ],
  foreign: foreignWords,
  examples: [
    ['sidegate check --config sidegate.config.ts', 'exit code 1 and one line a problem, or 0'],
    ['sidegate check --start', 'apps are loaded too: where they may run beside those that serve'],
  ],
  async run(call: Call): Promise<number> {
    const { context, options } = call
    const looks: Looks = {
      start: options.start === true,
      listen: options['no-listen'] !== true,
      connect: options['no-connect'] !== true,
    }
    const { config, problems: found, locate } = await prepare(call, looks.start)
    const problems: Problem[] = [...found]
    const log = new Log('text', context.stdout, context.stderr, false)
    problems.push(...locate(await checkMounts(config, log, looks)))
    problems.push(...locate(await checkAddresses(config, log, looks.listen)))
    problems.push(...(await examined(config)))
    for (const overlap of scriptOverlaps(config)) {
      context.stderr.write(`sidegate: warning: ${describeOverlap(overlap)}\n`)
    }
    for (const problem of problems) context.stderr.write(`sidegate: ${formatProblem(problem)}\n`)
    if (problems.length > 0) {
      context.stderr.write(`sidegate: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`)
      return EXIT.failed
    }
    context.stdout.write(`${config.file ?? 'the command line'} is right: ${summary(config, looks)}\n`)
    return EXIT.ok
  },
}

/** What usually keeps the web server in front from reaching Sidegate, where it can be looked for. */
async function examined(config: GatewayConfig): Promise<readonly Problem[]> {
  const host: Host | undefined = hosts.find(({ name }) => name === config.host)
  if (!host?.examine) return []
  const found: Error[] = []
  const wrong = await gather(async () => void found.push(...(await host.examine!(plugInput(config, config.listen)))))
  return [...wrong, ...found.flatMap((error) => problemsOf(error) ?? [])]
}

/** What is looked at. */
interface Looks {
  readonly start: boolean
  readonly listen: boolean
  readonly connect: boolean
}

/** What was found to be right, and what nobody looked at. */
function summary({ mounts }: GatewayConfig, { start, listen, connect }: Looks): string {
  const upstreams = mounts.some(({ kind }) => kind.connects)
  const seen = [`${mounts.length} mount${mounts.length === 1 ? '' : 's'}`]
  if (start) seen.push('every app loads')
  if (upstreams && connect) seen.push('every upstream accepts connections')
  if (listen) seen.push('every address is free')
  const missed = mounts.some(({ kind }) => kind.loads) && !start
  return seen.join(', ') + (missed ? '; no app was loaded (--start does)' : '')
}

/** Looks at each layer and mount; with `start` opens and closes it too. */
async function checkMounts(config: GatewayConfig, log: Log, { start, connect }: Looks): Promise<readonly Problem[]> {
  // Nobody asks for anything while it is only looked at.
  const ask = (): void => {}
  const front = createLayers(config.use, { mount: undefined, directory: config.directory, log, ask })
  const { mounts, problems } = createMounts(config, log, ask)
  const found: Problem[][] = mounts.map(() => [])
  const left = [...mounts.entries()]
  const look = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [index, { mount }] = next
      const wrong = await gather(() => (mount.check ? mount.check(connect) : mount.open()))
      if (wrong.length === 0 && start && mount.check) found[index]!.push(...(await gather(() => mount.open())))
      else found[index]!.push(...wrong)
      await mount.close()
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, look))
  const wrong = await gather(() => checkAll(front.layers))
  await closeAll(front.layers)
  return [...front.problems, ...wrong, ...problems, ...found.flat()]
}

/** Makes a listener of each entry, which checks its settings, then binds its address for a moment. */
async function checkAddresses(config: GatewayConfig, log: Log, free: boolean): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const settings of config.listen) {
    const { path } = settings
    const { endpoint } = parseListenAddress(settings.address, path)
    // The sockets of systemd are there for serve alone: any number stands for them, to check the other settings.
    const handed = endpoint.kind === 'systemd' && !isWindows()
    const listen = [handed ? { ...settings, address: 'fd:3' } : settings]
    const wrong = await gather(() =>
      gatewayOf(
        { config: { ...config, listen, mounts: [], use: [] }, problems: [], locate: (problems) => problems },
        log,
      ),
    )
    if (wrong.length > 0) {
      problems.push(...wrong.map((problem) => ({ ...problem, path: problem.path.replace(/^listen\.0/, path) })))
      continue
    }
    const name = placeOf(endpoint)
    const twin = seen.get(name)
    seen.set(name, path)
    if (twin !== undefined && !(endpoint.kind === 'tcp' && endpoint.port === 0)) {
      problems.push({ code: 'ADDRESS_IN_USE', path, message: `this is the address of ${twin} too` })
    } else if (free && endpoint.kind !== 'fd' && endpoint.kind !== 'systemd') {
      const server = createServer()
      const tried = async (): Promise<void> => {
        const { leave, close, folder } = await bind(server, endpoint, settings, path)
        leave()
        close()
        if (folder !== undefined) rmdirSync(folder)
      }
      problems.push(...(await gather(tried)))
    }
  }
  return problems
}

/** The same for two addresses that are one place. */
function placeOf(endpoint: ListenAddress['endpoint']): string {
  switch (endpoint.kind) {
    case 'unix':
      return JSON.stringify({ ...endpoint, path: resolve(endpoint.path) })
    case 'pipe':
      // Windows tells no case in names of pipes.
      return JSON.stringify({ ...endpoint, name: endpoint.name.toLowerCase() })
    default:
      return JSON.stringify(endpoint)
  }
}
