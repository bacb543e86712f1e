// The options of the bench.
import { parseArgs } from 'node:util'

/** How the bench is to run. */
export interface Options {
  /** Large bodies by each protocol are measured, and no row. */
  readonly bodies: boolean
  /** Start, memory at rest and reload are measured, and no load. */
  readonly life: boolean
  /** Seconds of load for one row in one round. */
  readonly duration: number
  readonly rounds: number
  /** Connections of wrk to nginx, except where latency is measured: there it is one. */
  readonly connections: number
  /** Worker processes of every row that runs Python. */
  readonly workers: number
  /** Names of rows; undefined: all. */
  readonly only: readonly string[] | undefined
  /** The row whose main process is profiled; such a run measures nothing else. */
  readonly profile: string | undefined
  /** The program to measure. */
  readonly sidegate: string
  /** Another one, of which every row of Sidegate is measured as well, right after its own. */
  readonly before: string | undefined
}

const declared = {
  duration: { type: 'string', default: '2', help: 'SECONDS  of load for one row in one round' },
  rounds: { type: 'string', default: '9', help: 'N  rounds; each visits every row once, in turning order' },
  connections: { type: 'string', default: '32', help: 'N  connections from wrk to nginx' },
  workers: { type: 'string', default: '2', help: 'N  worker processes of every row that has some' },
  only: { type: 'string', help: 'ROW,ROW…  these rows alone' },
  profile: { type: 'string', help: "ROW  write a CPU profile of this row's main process, and measure nothing" },
  bodies: { type: 'boolean', help: '  a body of 1 GB each way by each protocol, one a round, and no row' },
  life: { type: 'boolean', help: '  start, memory at rest and reload of rows, one life a round, and no load' },
  sidegate: { type: 'string', default: 'dist/sidecar/main.js', help: 'FILE  the program to measure' },
  before: { type: 'string', help: 'FILE  an earlier one: every row of Sidegate is measured with both' },
  help: { type: 'boolean', help: '  this text' },
} as const

/** Reads argv; undefined: help was asked for. @throws {Error} for what is not an option, a number or a row. */
export function readOptions(words: readonly string[], rows: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...words], options: declared, strict: true })
  if (values.help) return undefined
  const only = values.only?.split(',')
  for (const row of [...(only ?? []), ...(values.profile === undefined ? [] : [values.profile])]) {
    if (!rows.includes(row)) throw new Error(`there is no row ${row}; rows are ${rows.join(', ')}`)
  }
  const bodies = values.bodies ?? false
  if (bodies && (only || values.profile !== undefined)) throw new Error('--bodies measures no rows')
  if (values.before !== undefined && (bodies || values.profile !== undefined)) throw new Error('--before is for rows')
  const life = values.life ?? false
  if (life && (bodies || values.profile !== undefined || values.before !== undefined))
    throw new Error('--life goes with --only, --rounds, --workers and --sidegate')
  return {
    bodies,
    life,
    duration: positive('duration', values.duration),
    rounds: positive('rounds', values.rounds),
    connections: positive('connections', values.connections),
    workers: positive('workers', values.workers),
    only,
    profile: values.profile,
    sidegate: values.sidegate,
    before: values.before,
  }
}

/** The help text. */
export function usage(rows: readonly string[]): string {
  const lines = Object.entries(declared).map(([name, option]) => {
    const [value, text] = option.help.split('  ')
    const initial = 'default' in option ? ` (${option.default})` : ''
    return `  --${name}${value ? ` ${value}` : ''}`.padEnd(26) + text + initial
  })
  return ['npm run bench -- [options]', '', ...lines, '', `Rows: ${rows.join(', ')}`, ''].join('\n')
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1, not ${text}`)
  return number
}
