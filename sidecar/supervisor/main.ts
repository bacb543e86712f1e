// sidegate serve --supervise: the process that keeps the listening sockets, and its signals.
import type { StopSignal } from './orders.ts'
import { Supervisor } from './supervisor.ts'

const STOP: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGQUIT']

/** True for the words of a command that is to be run below a supervisor. */
export function wantsSupervisor([name, ...words]: readonly string[]): boolean {
  const end = words.indexOf('--')
  return name === 'serve' && words.slice(0, end < 0 ? undefined : end).includes('--supervise')
}

/**
 * Runs gateways for the words of a command line, until a signal ends them. SIGHUP has the next one take over.
 * @returns the exit code: that of the last gateway
 */
export async function supervise(words: readonly string[]): Promise<number> {
  if (process.platform === 'win32') {
    process.stderr.write('sidegate: --supervise: Windows hands no sockets from process to process; leave it out\n')
    return 1
  }
  const args = [...process.execArgv, process.argv[1]!, ...words]
  const supervisor = new Supervisor({ file: process.execPath, args, env: process.env })
  for (const signal of STOP) process.on(signal, () => supervisor.stop(signal))
  process.on('SIGHUP', () => supervisor.reload('SIGHUP'))
  return supervisor.run()
}
