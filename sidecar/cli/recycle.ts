// sidegate recycle: has another worker process take the place of one.
import { administer, administerOptions, told } from './administer.ts'
import type { Call, Command } from './command.ts'

export const recycle: Command = {
  name: 'recycle',
  summary: 'Have another worker process take the place of one, which answers what it has and ends.',
  synopsis: 'PID [options]',
  positionals: { min: 1, max: 1 },
  options: administerOptions,
  examples: [['sidegate recycle 4711', 'one that status shows with too much memory']],
  async run(call: Call): Promise<number> {
    const [pid] = call.positionals
    return told(await administer(call, { method: 'POST', path: '/v1/recycle', query: { pid } }), call.context)
  },
}
