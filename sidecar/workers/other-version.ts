// Another version of Sidegate that was installed over the one that runs: a worker that starts then has its files.
import type { Log, LogFields } from '../log.ts'
import { installedVersion, version } from '../version.ts'

/** @param worker what the one is called that has just started */
export function tellOtherVersion(worker: string, log: Log, fields: LogFields): void {
  const installed = installedVersion()
  if (installed === version()) return
  const message = `${worker} runs with the files of Sidegate ${installed}, its gateway is ${version()}: have the version that is installed take over (SIGUSR2 to the supervisor, or a restart)`
  log.warn(message, { ...fields, code: 'VERSION_MIXED' })
}
