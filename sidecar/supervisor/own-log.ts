// The supervisor's own records: they go where those of its gateways go, in the same format.
import { Log, type LogFormat, type LogLevel } from '../log.ts'
import { RotatingFile } from '../rotating-file.ts'
import { asAccount, type OtherAccount } from './other-account.ts'

/** How a gateway logs. */
export interface LogPlace {
  readonly format: LogFormat
  readonly level: LogLevel
  /** Absolute; undefined: standard error. */
  readonly file: string | undefined
}

export class OwnLog {
  readonly #account: OtherAccount | undefined
  #path: string | undefined
  #file: RotatingFile | undefined

  /** @param account of the gateways, whose file it is */
  constructor(account?: OtherAccount) {
    this.#account = account
  }

  /** The log for a place. A file that cannot be opened is told of by the gateway that writes to it: then it is standard error. */
  at({ format, level, file }: LogPlace): Log {
    if (file !== this.#path) {
      this.#file?.destroy()
      this.#file = file === undefined ? undefined : opened(file, this.#account)
      this.#path = file
    }
    const log = this.#file ? new Log(format, this.#file, this.#file) : new Log(format)
    log.level = level
    return log
  }
}

function opened(file: string, account: OtherAccount | undefined): RotatingFile | undefined {
  try {
    return account ? asAccount(account, () => new FileOfOthers(file, account)) : new RotatingFile(file, () => {})
  } catch {
    return undefined
  }
}

class FileOfOthers extends RotatingFile {
  readonly #account: OtherAccount

  constructor(file: string, account: OtherAccount) {
    super(file, () => {})
    this.#account = account
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: () => void): void {
    asAccount(this.#account, () => super._write(bytes, encoding, done))
  }
}
