// The files that a style sheet is made of, and reads: those of one folder. To the processor they are on a host that nobody has; there are
// no others, neither in the file system nor on the network.
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { isBelow } from '../../file-names.ts'
import type { SheetFiles } from './messages.ts'

const ORIGIN = 'http://sheet.invalid/'
/** Of one file. */
const SIZE_MAX = 16 * 1024 * 1024

/** The address of a file of the folder, for the processor. */
export function addressOf(file: string, folder: string): string {
  return ORIGIN + relative(folder, file).split(sep).map(encodeURIComponent).join('/')
}

/** The name, in the folder, of a file with such an address; any other address as it is. */
export function addressedName(url: string): string {
  return url.startsWith(ORIGIN) ? decodeURIComponent(url.slice(ORIGIN.length)) : url
}

/** Reads files of a folder. */
export class Folder {
  readonly #folder: string
  readonly #known: SheetFiles
  readonly #tell: (line: string) => void
  /** Those that were read while `keeps` was true. */
  readonly files: Record<string, Uint8Array> = {}
  keeps = true
  /** Something else than those was asked for, whether it was there or not. */
  reads = false

  /**
   * @param known are not read again
   * @param tell hears why a file is not to be had
   */
  constructor(folder: string, known: SheetFiles, tell: (line: string) => void) {
    this.#folder = folder
    this.#known = known
    this.#tell = tell
  }

  /** What is at an address; undefined when there is nothing to be had. */
  read(url: string): Uint8Array | undefined {
    if (!url.startsWith(ORIGIN)) {
      this.#tell(`${url} is not read: style sheets and documents have no network`)
      return undefined
    }
    try {
      const file = resolve(this.#folder, `./${decodeURIComponent(url.slice(ORIGIN.length).replace(/[?#].*$/s, ''))}`)
      return this.file(file)
    } catch (error) {
      this.#tell(`${url.slice(ORIGIN.length)} cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }

  /** @throws {Error} with the reason */
  file(path: string): Uint8Array {
    const known = this.#known[path] ?? this.files[path]
    if (known) return this.#kept(path, known)
    this.reads = true
    if (!isBelow(path, this.#folder)) throw new Error(`it is not below ${this.#folder}`)
    const real = realpathSync(path)
    if (!isBelow(real, this.#folder)) throw new Error(`the link leads out of ${this.#folder}`)
    if (relative(this.#folder, real).split(sep).some(isHidden)) throw new Error('its name begins with a dot')
    const found = statSync(real)
    if (!found.isFile()) throw new Error('it is no file')
    if (found.size > SIZE_MAX) throw new Error(`it has more than ${SIZE_MAX} bytes`)
    return this.#kept(path, readFileSync(real))
  }

  #kept(path: string, bytes: Uint8Array): Uint8Array {
    if (this.keeps) this.files[path] = bytes
    return bytes
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.')
}
