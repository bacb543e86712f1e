// The files that this process, and the workers of its apps, have loaded: what `dev` watches. What is installed counts as no source.
import { statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** They are told together when so many milliseconds have passed. */
const GATHER_MS = 50

/** Where this program is: its own files are no app's. */
const OWN = `${dirname(import.meta.dirname)}${sep}`

export class LoadedFiles {
  readonly #files = new Map<string, number>()
  readonly #told: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param told called when there are more */
  constructor(told: () => void) {
    this.#told = told
  }

  get all(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** Whether a file is one of them; or of Python, beside one: what fails while it is imported is not told. */
  readonly has = (file: string): boolean => this.#files.has(file) || (file.endsWith('.py') && this.#isBeside(file))

  #isBeside(file: string): boolean {
    const beside = this.all.some((one) => dirname(one) === dirname(file))
    return beside && (statSync(file, { throwIfNoEntry: false })?.isFile() ?? false)
  }

  /** When each was, in milliseconds since 1970. */
  get times(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#files)
  }

  readonly add = (file: string): void => {
    if (this.#files.has(file) || file.startsWith(OWN) || file.includes(`${sep}node_modules${sep}`)) return
    this.#files.set(file, Date.now())
    if (this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#told()
    }, GATHER_MS).unref()
  }

  /** Notes each module that is imported or required from now on, before it is read: one with a mistake too. */
  watchModules(): void {
    registerHooks({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context)
        if (found.url.startsWith('file:')) this.add(fileURLToPath(found.url))
        return found
      },
    })
  }
}
