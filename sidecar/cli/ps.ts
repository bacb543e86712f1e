// sidegate ps: the requests that are under way.
import type { RequestReport } from '../request-report.ts'
import { administer, administerOptions } from './administer.ts'
import { columns } from './columns.ts'
import { EXIT, type Call, type Command } from './command.ts'
import { shownTime } from './shown.ts'

const HEAD = ['AGE', 'STATE', 'MOUNT', 'PID', 'CLIENT', 'METHOD', 'URI', 'REQUEST']

export const ps: Command = {
  name: 'ps',
  summary: 'List the requests under way, the oldest first.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: [...administerOptions, { name: 'json', text: 'As JSON, as the admin interface gives it.' }],
  examples: [['sidegate ps', 'which requests are stuck, and where']],
  async run(call: Call): Promise<number> {
    const { body } = await administer(call, { method: 'GET', path: '/v1/requests' })
    const all = body as readonly RequestReport[]
    const text = call.options.json === true ? JSON.stringify(all) : table(all)
    call.context.stdout.write(`${text}\n`)
    return EXIT.ok
  },
}

function table(all: readonly RequestReport[]): string {
  if (all.length === 0) return 'no request is under way'
  const rows = all.map(({ age, state, mount, pid, client, method, uri, id }) => {
    return [shownTime(age), state, mount, pid ?? '', client, method, uri, id]
  })
  return columns(HEAD, rows).join('\n')
}
