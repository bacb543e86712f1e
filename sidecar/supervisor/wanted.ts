// Whether what is to be served is served below a supervisor. Looked at before anything else is loaded: a supervisor loads none of it.

/**
 * Where nobody says, it is where NODE_ENV is production: there a second process is worth what it costs, and a terminal starts as quickly as it can.
 * @param words of the command line
 */
export function wantsSupervisor(
  [name, ...words]: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (name === 'dev') return !words.some((word) => word === '--help' || word === '-h')
  if (name !== 'serve') return false
  const end = words.indexOf('--')
  const options = words.slice(0, end < 0 ? undefined : end)
  const last = options.findLast((word) => word === '--supervise' || word === '--no-supervise')
  if (last !== undefined) return last === '--supervise'
  // Help is no service, and the handler for IIS looks after one process.
  if (options.some((word) => word === '-h' || word === '--help' || word.startsWith('--lifeline'))) return false
  return environment.NODE_ENV === 'production' && platform !== 'win32'
}
