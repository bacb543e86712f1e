// sidegate check: everything that could keep serve from starting, in one run. Apps are loaded and closed again, addresses are tried.
import { createServer } from 'node:net'
import { parseListenAddress } from '../listen/address.ts'
import { bind } from '../listen/bind.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import type { GatewayConfig } from '../config/validate.ts'
import { Gateway } from '../gateway.ts'
import { Log } from '../log.ts'
import { EXIT, type Call, type Command } from './command.ts'
import { configOptions, gather, prepare } from './config-options.ts'
import { createMounts } from './mounts.ts'

export const check: Command = {
  name: 'check',
  summary: 'Find every problem that would keep serve from starting.',
  synopsis: '[TARGET…] [options]',
  positionals: { min: 0, max: Infinity },
  options: [...configOptions, { name: 'no-listen', text: 'Do not try the addresses: the gateway is running on them.' }],
  examples: [['sidegate check --config sidegate.config.ts', 'exit code 1 and one line a problem, or 0']],
  async run(call: Call): Promise<number> {
    const { context, options } = call
    const { config, problems: found, locate } = await prepare(call)
    const problems: Problem[] = [...found]
    const log = new Log('text', context.stdout, context.stderr, false)
    problems.push(...locate(await checkMounts(config, log)))
    problems.push(...locate(await checkAddresses(config, log, options['no-listen'] !== true)))
    for (const problem of problems) context.stderr.write(`sidegate: ${formatProblem(problem)}\n`)
    if (problems.length > 0) {
      context.stderr.write(`sidegate: ${problems.length} problem${problems.length === 1 ? '' : 's'}\n`)
      return EXIT.failed
    }
    const mounts = `${config.mounts.length} mount${config.mounts.length === 1 ? '' : 's'}`
    context.stdout.write(
      `${config.file ?? 'the command line'} is right: ${mounts}, every app loads, every address is free\n`,
    )
    return EXIT.ok
  },
}

/** Opens and closes each mount. */
async function checkMounts(config: GatewayConfig, log: Log): Promise<readonly Problem[]> {
  const { mounts, problems } = createMounts(config, log)
  const opened = await Promise.all(
    mounts.map(async ({ mount }) => {
      const wrong = await gather(() => mount.open())
      await mount.close()
      return wrong
    }),
  )
  return [...problems, ...opened.flat()]
}

/** Makes a listener of each entry, which checks its settings, then binds its address for a moment. */
async function checkAddresses(config: GatewayConfig, log: Log, free: boolean): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const seen = new Map<string, number>()
  for (const [index, settings] of config.listen.entries()) {
    const path = `listen.${index}`
    const { endpoint } = parseListenAddress(settings.address, path)
    // The sockets of systemd are there for serve alone: any number stands for them, to check the other settings.
    const listen = [endpoint.kind === 'systemd' ? { ...settings, address: 'fd:3' } : settings]
    const wrong = await gather(() => new Gateway({ listen, mounts: [], log, host: config.host }))
    if (wrong.length > 0) {
      problems.push(...wrong.map((problem) => ({ ...problem, path: problem.path.replace(/^listen\.0/, path) })))
      continue
    }
    const name = JSON.stringify(endpoint)
    const twin = seen.get(name)
    seen.set(name, index)
    if (twin !== undefined && !(endpoint.kind === 'tcp' && endpoint.port === 0)) {
      problems.push({ code: 'ADDRESS_IN_USE', path, message: `this is the address of listen.${twin} too` })
    } else if (free && (endpoint.kind === 'tcp' || endpoint.kind === 'unix')) {
      const server = createServer()
      problems.push(...(await gather(() => bind(server, endpoint, settings, path))))
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    }
  }
  return problems
}
