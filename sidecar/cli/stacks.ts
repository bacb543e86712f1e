// sidegate stacks: what the worker processes are doing.
import type { MountStack } from '../places.ts'
import { jsonLine, visible } from '../line.ts'
import { administer, administerOptions, told } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'

export const stacks: Command = {
  name: 'stacks',
  summary: 'Print what the worker processes are doing at this moment: the stack of each thread.',
  synopsis: '[MOUNT] [options]',
  positionals: { min: 0, max: 1 },
  options: [...administerOptions, { name: 'json', text: 'As JSON, as the admin interface gives it.' }],
  examples: [['sidegate stacks /shop', 'where the requests of a mount hang']],
  async run(call: Call): Promise<number> {
    const [mount] = call.positionals
    const answer = await administer(call, { method: 'GET', path: '/v1/stacks', query: { mount } })
    if (answer.status !== 200) return told(answer, call.context)
    const all = answer.body as readonly MountStack[]
    call.context.stdout.write(call.options.json === true ? jsonLine(all) : `${shown(all)}\n`)
    return EXIT.ok
  },
}

function shown(all: readonly MountStack[]): string {
  if (all.length === 0) return 'no worker process can be asked'
  const one = ({ mount, pid, text }: MountStack): string =>
    [`${mount}, process ${pid}`, ...text.trimEnd().split('\n')].map(visible).join('\n  ')
  return all.map(one).join('\n\n')
}
