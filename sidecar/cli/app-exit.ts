// An app that calls process.exit() ends the gateway, and with it every other app. Nothing can be done about that here but to say who did it:
// a process that ends without a word and with code 0 looks as if it had been asked to.
import { callPlaces } from '../call-places.ts'
import type { Log } from '../log.ts'
import { mountsOf } from '../mounts/loaded.ts'
import { EXIT, type Context } from './command.ts'

/** Watches for the end of the process, from when it is made until `stop`. */
export class AppExit {
  /** Where it is reported; before there is a log, as text on stderr. */
  log: Log | undefined
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
    process.on('exit', this.#ended)
  }

  stop(): void {
    process.off('exit', this.#ended)
  }

  readonly #ended = (code: number): void => {
    const { message, mount } = describe(code)
    if (this.log) {
      this.log.error(message, { code: 'APP_EXITED', blame: 'app', mount })
      this.log.flush()
    } else this.#context.stderr.write(`sidegate: APP_EXITED: ${message}\n`)
    if (code === 0) process.exitCode = EXIT.failed
  }
}

function describe(code: number): { message: string; mount: string | undefined } {
  const places = callPlaces().filter(({ file }) => file !== import.meta.filename)
  const [place] = places
  const mounts = mountsOf(places.map(({ file }) => file))
  const who = mounts.length > 0 ? `the app of ${mounts.join(' or ')}` : 'an app'
  const where = place ? `, in ${place.file}:${place.lineNumber}` : ''
  return {
    message: `${who} ended the whole gateway: process.exit(${code})${where}`,
    mount: mounts.length === 1 ? mounts[0]!.replace(/^mounts\./, '') : undefined,
  }
}
