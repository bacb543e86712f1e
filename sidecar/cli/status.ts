// sidegate status: what the Sidegate of a configuration does.
import type { AdminStatus } from '../admin/status.ts'
import { jsonLine } from '../line.ts'
import { administer, administerOptions } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'
import { statusTable } from './status-table.ts'

export const status: Command = {
  name: 'status',
  summary: 'Show what serves: gateways, listeners, mounts, workers.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: [...administerOptions, { name: 'json', text: 'As one JSON object, as the admin interface gives it.' }],
  examples: [['sidegate status', 'the one of sidegate.config.ts in this folder']],
  async run(call: Call): Promise<number> {
    const { body } = await administer(call, { method: 'GET', path: '/v1/status' })
    const text = call.options.json === true ? jsonLine(body) : `${statusTable(body as AdminStatus, Date.now())}\n`
    call.context.stdout.write(text)
    return EXIT.ok
  },
}
