// sidegate status: what the Sidegate of a configuration does.
import type { AdminStatus, GatewayStatus } from '../admin/status.ts'
import { visible } from '../line.ts'
import type { MountedStatus } from '../mounted.ts'
import { administer, administerOptions } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'

export const status: Command = {
  name: 'status',
  summary: 'Show what was started with serve --supervise: gateways, listeners, mounts.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: [...administerOptions, { name: 'json', text: 'As one JSON object, as the admin interface gives it.' }],
  examples: [['sidegate status', 'the one of sidegate.config.ts in this folder']],
  async run(call: Call): Promise<number> {
    const { body } = await administer(call, 'GET', '/v1/status')
    const text = call.options.json === true ? JSON.stringify(body) : table(body as AdminStatus)
    call.context.stdout.write(`${text}\n`)
    return EXIT.ok
  },
}

function table({ version, pid, gateways }: AdminStatus): string {
  return [`sidegate ${version}, process ${pid}`, ...gateways.flatMap(gatewayLines)].map(visible).join('\n')
}

function gatewayLines({ generation, pid, state, since, report }: GatewayStatus): string[] {
  const first = `gateway ${generation}, process ${pid}: ${state}, since ${since}`
  if (!report) return [first, state === 'starts' ? '  no report yet' : '  does not answer: an app may keep it busy']
  const listeners = report.listeners.map(
    ({ address, protocols, connections }) =>
      `  listening  ${address} (${protocols.join(', ')}): ${count(connections, 'connection')}`,
  )
  const width = Math.max(...report.mounts.map(({ key }) => key.length))
  return [first, ...listeners, ...report.mounts.map((mount) => `  mounted    ${mountLine(mount, width)}`)]
}

function mountLine({ key, requests, inFlight, failed, abandoned, mount }: MountedStatus, width: number): string {
  const parts = [count(requests, 'request'), `${inFlight} in flight`, `${failed} failed`, `${abandoned} given up`]
  if (mount?.waiting) parts.push(`${mount.waiting} wait`)
  if (mount?.pids?.length) parts.push(`processes ${mount.pids.join(' ')}`)
  for (const { name, usable, busy } of mount?.servers ?? [])
    parts.push(usable ? `${name}: ${busy} in flight` : `${name}: left out`)
  return `${key.padEnd(width)}  ${parts.join(', ')}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
