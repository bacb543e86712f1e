// The log of serve: access records on stdout, all else on stderr. Where one of them cannot be written, because whoever read it is gone
// (EPIPE) or its disk is full, or is not read, what is served goes on, and it is said on the other.
import { Log, type LogFormat } from '../log.ts'
import { LogOutput } from '../log-output.ts'
import type { Context } from './command.ts'

type Output = 'stdout' | 'stderr'

/** The log, and how it ends. */
export interface ServeLog {
  readonly log: Log
  /** Writes what is pending, and says what was left out. */
  close(): void
}

/** @param access whether there are access records */
export function openServeLog(format: LogFormat, access: boolean, context: Context): ServeLog {
  const out = new LogOutput(context.stdout, (lines) => reportGap('stdout', lines))
  const err = new LogOutput(context.stderr, (lines) => reportGap('stderr', lines))
  const log = new Log(format, out, err, access)
  const other = new Log(format, out, out)
  const about = (output: Output): readonly [reporter: Log, what: string] =>
    output === 'stdout' ? [log, 'the access log'] : [other, 'the error log']

  function reportGap(output: Output, lines: number): void {
    const [reporter, what] = about(output)
    const message =
      lines === 0
        ? `nobody reads ${what} (${output}): its lines are dropped until what waits has been read; requests are served all the same`
        : `${lines} lines of ${what} were dropped because nobody read it (${output})`
    reporter.warn(message, { code: 'LOG_FULL' })
  }

  const lost = new Set<Output>()
  context.onOutputLost((output, { message }) => {
    if (lost.has(output)) return
    lost.add(output)
    const [reporter, what] = about(output)
    const text = `${what} cannot be written (${output}: ${message}); requests are served all the same`
    reporter.error(text, { code: 'LOG_LOST' })
  })
  return {
    log,
    close() {
      log.flush()
      err.close()
      out.close()
    },
  }
}
