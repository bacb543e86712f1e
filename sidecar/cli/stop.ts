// sidegate stop: has the Sidegate of a configuration finish what it has, and end.
import { administer, administerOptions } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'

export const stop: Command = {
  name: 'stop',
  summary: 'Have what serves finish what it has, and end.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: administerOptions,
  examples: [['sidegate stop', 'the one of sidegate.config.ts in this folder']],
  async run(call: Call): Promise<number> {
    await administer(call, { method: 'POST', path: '/v1/stop' })
    return EXIT.ok
  },
}
