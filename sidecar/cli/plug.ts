// sidegate plug: prints the web server's side of the configuration, or puts it into a web server that has an API for that.
import type { Host } from '../../plugin/host.ts'
import { hosts } from '../../plugin/index.ts'
import { nearest } from '../nearest.ts'
import { plugInput } from './announce.ts'
import { EXIT, number, text, UsageError, type Call, type Command } from './command.ts'
import { demand } from '../problem.ts'
import { configOptions, foreignWords, prepare } from './config-options.ts'
import { changeFrom, changeOptions, demandControl, reportTo } from './plug-change.ts'

const names = hosts.map(({ name }) => name)

export const plug: Command = {
  name: 'plug',
  summary: 'Print the config of the web server in front, ready to paste.',
  synopsis: `${names.join('|')} [TARGET…] [options]`,
  positionals: { min: 1, max: Infinity },
  options: [
    ...configOptions.filter(({ name }) => name !== 'host'),
    {
      name: 'protocol',
      short: 'p',
      value: 'NAME',
      text: 'The protocol between web server and Sidegate.',
      default: hosts.map((host) => `${host.name}: ${host.protocols.join(' or ')}`).join('; '),
    },
    {
      name: 'part',
      value: 'NAME',
      text: 'Of a web server that needs several files, one of them.',
      default: hosts
        .flatMap((host: Host) => (host.parts ? [`${host.name}: all of ${host.parts.join(', ')}`] : []))
        .join('; '),
    },
    { name: 'full', text: 'A complete config file instead of a snippet.' },
    { name: 'port', value: 'PORT', text: 'Where the web server listens in a complete config file.', default: '8080' },
    { name: 'check', text: 'Have the web server check it too; the result is printed to standard error.' },
    ...changeOptions,
  ],
  foreign: foreignWords,
  examples: [
    ['sidegate plug nginx > /etc/nginx/conf.d/sidegate.conf', 'for what sidegate.config.ts in this folder says'],
    ['sidegate plug iis --part web.config > web.config', 'one of the files that IIS needs'],
    ['sidegate plug nginx --protocol http --check app:./hello.ts', 'with proxy_pass, checked by nginx -t'],
    [
      'sidegate plug unit --control unix:/var/run/control.unit.sock --dry-run',
      'what would change in the NGINX Unit that runs',
    ],
  ],
  async run(call: Call): Promise<number> {
    const [name = '', ...targets] = call.positionals
    const host = hostCalled(name)
    const { options, context } = call
    const change = changeFrom(call)
    demandControl(host, change, options)
    if (change && options.remove === true) {
      await host.remove!(change, reportTo(context))
      return EXIT.ok
    }
    const prepared = await prepare({ ...call, positionals: targets })
    demand(prepared)
    const { config } = prepared
    const input = plugInput(config, config.listen)
    if (change) {
      await host.apply!(input, change, reportTo(context))
      return EXIT.ok
    }
    const wanted = {
      protocol: text(options, 'protocol'),
      full: options.full === true,
      part: text(options, 'part'),
      port: number(options, 'port', 1, 65_535),
    }
    context.stdout.write(host.render(input, wanted))
    if (options.check !== true) return EXIT.ok
    if (!host.check) throw new UsageError(`${host.name} cannot check a config file`, 'plug')
    const { result, message } = await host.check(input, wanted)
    context.stderr.write(`${message.trimEnd()}\n`)
    return result === 'ok' ? EXIT.ok : EXIT.failed
  },
}

function hostCalled(name: string): Host {
  const host = hosts.find((known) => known.name === name)
  if (host) return host
  const near = nearest(name, names)
  throw new UsageError(
    `there is no host ${name}; ${near ? `did you mean ${near}?` : `known are ${names.join(', ')}`}`,
    'plug',
  )
}
