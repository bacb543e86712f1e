// The supervisor's own records: they go where those of its gateways go, in the same format.
import { Log, type LogFormat, type LogLevel } from '../log.ts'
import { RotatingFile } from '../rotating-file.ts'

/** How a gateway logs. */
export interface LogPlace {
  readonly format: LogFormat
  readonly level: LogLevel
  /** Absolute; undefined: standard error. */
  readonly file: string | undefined
}

export class OwnLog {
  #path: string | undefined
  #file: RotatingFile | undefined

  /** The log for a place. A file that cannot be opened is told of by the gateway that writes to it: then it is standard error. */
  at({ format, level, file }: LogPlace): Log {
    if (file !== this.#path) {
      this.#file?.destroy()
      this.#file = file === undefined ? undefined : opened(file)
      this.#path = file
    }
    const log = this.#file ? new Log(format, this.#file, this.#file) : new Log(format)
    log.level = level
    return log
  }
}

function opened(file: string): RotatingFile | undefined {
  try {
    return new RotatingFile(file, () => {})
  } catch {
    return undefined
  }
}
