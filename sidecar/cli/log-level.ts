// sidegate log-level: from which level on the log has records.
import { administer, administerOptions, told } from './administer.ts'
import type { Call, Command } from './command.ts'

export const logLevel: Command = {
  name: 'log-level',
  summary: 'Set from which level on the log has records, until the next reload: info, warn or error.',
  synopsis: 'LEVEL [options]',
  positionals: { min: 1, max: 1 },
  options: administerOptions,
  examples: [['sidegate log-level warn', 'no more lines of level info']],
  async run(call: Call): Promise<number> {
    const [level] = call.positionals
    return told(await administer(call, { method: 'POST', path: '/v1/log', query: { level } }), call.context)
  },
}
