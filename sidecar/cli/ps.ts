// sidegate ps: the requests that are under way.
import type { RequestReport } from '../request-report.ts'
import { jsonLine } from '../line.ts'
import { administer, administerOptions, told } from './administer.ts'
import { columns } from './columns.ts'
import { EXIT, type Call, type Command, type Context } from './command.ts'
import { cut, shownTime } from './shown.ts'

const HEAD = ['AGE', 'STATE', 'MOUNT', 'PID', 'CLIENT', 'METHOD', 'REQUEST', 'URI']

/** Of what clients make as long as they like; an IPv6 address has room. */
const CLIENT_MAX = 45
const METHOD_MAX = 16

export const ps: Command = {
  name: 'ps',
  summary: 'List the requests under way, the oldest first.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: [...administerOptions, { name: 'json', text: 'As JSON, as the admin interface gives it.' }],
  examples: [['sidegate ps', 'which requests are stuck, and where']],
  async run(call: Call): Promise<number> {
    const answer = await administer(call, { method: 'GET', path: '/v1/requests' })
    if (answer.status !== 200) return told(answer, call.context)
    const all = answer.body as readonly RequestReport[]
    const { stdout, stderr } = call.context
    stdout.write(call.options.json === true ? jsonLine(all) : `${table(all, widthOf(stdout))}\n`)
    if (answer.incomplete === undefined) return EXIT.ok
    stderr.write(`sidegate: there may be more requests: ${answer.incomplete}\n`)
    return EXIT.failed
  },
}

/** Of a terminal, which alone has columns; anything else takes lines of any length. */
function widthOf(out: Context['stdout'] & { columns?: number }): number {
  return out.columns ?? Infinity
}

function table(all: readonly RequestReport[], width: number): string {
  if (all.length === 0) return 'no request is under way'
  const rows = all.map(({ age, state, mount, pid, client, method, uri, id }) => {
    return [shownTime(age), state, mount, pid ?? '', cut(client, CLIENT_MAX), cut(method, METHOD_MAX), id, uri]
  })
  return columns(HEAD, rows)
    .map((line) => cut(line, width))
    .join('\n')
}
