// Why a process is not in use.

/** A process that did not come up; `detail`: what it printed, or the traceback that it told. */
export class StartError extends Error {
  readonly code: string
  readonly detail: string | undefined

  constructor(code: string, message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}
