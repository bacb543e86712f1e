// From PATH_INFO to a script. The first segments that are a file below the root are the script, the rest is its PATH_INFO (RFC 3875
// 3.2, 4.1.5). What a client could use to get out of the folder, or to something that is no script, is refused here and nowhere else.
import { realpathSync, statSync, type Stats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { AppError, ConfigError } from '../../errors.ts'
import { folded, isBelow, isPlainName, isWindows } from '../../file-names.ts'
import { commandWords } from '../../processes/command-line.ts'
import { batchAdvice, findProgram, isPlaced, isStartable, mayStart } from '../../processes/program.ts'
import { statusOfFailure } from '../files/failure.ts'
import type { MountContext } from '../mount.ts'
import type { CgiSettings } from './settings.ts'

/** A script that answers a request. */
export interface Script {
  /** Absolute. */
  readonly file: string
  /** The program that runs it and its arguments, or the script alone. */
  readonly command: readonly string[]
  /** What of the path names it: goes to the end of SCRIPT_NAME. */
  readonly name: string
  /** The rest of the path. */
  readonly pathInfo: string
}

/** Finds the scripts of one mount. */
export class ScriptFinder {
  readonly #root: string
  readonly #single: boolean
  readonly #index: readonly string[]
  readonly #followSymlinks: boolean
  readonly #platform: NodeJS.Platform | undefined
  /** In the configuration, for errors. */
  readonly #place: string
  readonly #interpreters = new Map<string, readonly string[]>()

  /** @throws {ConfigError} CGI_MISSING, CGI_INTERPRETER, CGI_NOT_EXECUTABLE (when one script is mounted) */
  constructor(settings: CgiSettings, context: MountContext, path: string) {
    const place = `${context.path}.cgi`
    this.#place = place
    this.#index = settings.index
    this.#followSymlinks = settings.followSymlinks
    this.#platform = context.platform
    const given = resolve(context.directory, settings.cgi)
    const found = statSync(given, { throwIfNoEntry: false })
    if (!found?.isDirectory() && !found?.isFile()) {
      throw new ConfigError(
        'CGI_MISSING',
        place,
        `${given} is ${found ? 'neither a folder nor a script' : 'not there'}`,
      )
    }
    this.#root = realpathSync.native(given)
    this.#single = found.isFile()
    for (const [extension, line] of Object.entries(settings.interpreters)) {
      const program = interpreter(line, `${context.path}.interpreters.${extension}`, context, path)
      this.#interpreters.set(folded(extension, this.#platform), program)
    }
    if (this.#single && !this.#interpreter(given) && !isStartable(given, this.#platform)) {
      throw new ConfigError('CGI_NOT_EXECUTABLE', place, this.#advice(given))
    }
  }

  /** Where the scripts are; that of the script, when one is mounted. */
  get folder(): string {
    return this.#single ? dirname(this.#root) : this.#root
  }

  /**
   * The script for a path, undefined when there is none; `folder` for a folder that has one, and whose slash is missing.
   * @param info PATH_INFO, latin-1
   * @throws {AppError} CGI_NPH, CGI_NOT_EXECUTABLE
   * @throws {ConfigError} CGI_OUTSIDE
   */
  async find(info: string): Promise<Script | 'folder' | undefined> {
    if (this.#single) return this.#script(this.#root, '', info)
    let file = this.#root
    let end = 0
    while (end < info.length) {
      const next = info.indexOf('/', end + 1)
      const stop = next < 0 ? info.length : next
      const segment = utf8(info.slice(end + 1, stop))
      end = stop
      if (segment === '') continue
      // Hidden files are nobody's script, `.` and `..` are resolved before a request comes here.
      if (segment === undefined || segment.startsWith('.') || segment.includes('\0')) return undefined
      if (isWindows(this.#platform) && !isPlainName(segment)) return undefined
      file = join(file, segment)
      const found = await this.#look(file)
      if (!found) return undefined
      if (found.isDirectory()) continue
      return found.isFile() ? this.#demand(file, info.slice(0, end), info.slice(end)) : undefined
    }
    return this.#indexOf(file, info)
  }

  /** The script that answers for a folder. */
  async #indexOf(folder: string, info: string): Promise<Script | 'folder' | undefined> {
    for (const name of this.#index) {
      const file = join(folder, name)
      const found = await this.#look(file)
      if (!found?.isFile()) continue
      return info.endsWith('/') ? this.#demand(file, info + Buffer.from(name).toString('latin1'), '') : 'folder'
    }
    return undefined
  }

  /** What is there; undefined: nothing. A link that leads out is refused before anything behind it is looked for: nobody learns what is there. */
  async #look(file: string): Promise<Stats | undefined> {
    const found = await looked(file, (path) => lstat(path))
    if (!found?.isSymbolicLink()) return found
    if (!this.#followSymlinks) {
      const real = await looked(file, (path) => realpath(path))
      if (real === undefined) return undefined
      if (!isBelow(real, this.#root, this.#platform)) {
        throw new ConfigError(
          'CGI_OUTSIDE',
          this.#place,
          `${file} is a link that leads out of ${this.#root}: set followSymlinks, copy what it leads to, or mount its folder`,
          { status: 403 },
        )
      }
    }
    return looked(file, (path) => stat(path))
  }

  async #demand(file: string, name: string, pathInfo: string): Promise<Script> {
    // RFC 3875 5: such a script writes to the client itself, past every rule about what a response may be.
    if (folded(basename(file), this.#platform).startsWith('nph-')) {
      throw new AppError(
        'CGI_NPH',
        `${file} is a non-parsed-header script (nph-), which cannot run behind a gateway protocol`,
        501,
      )
    }
    if (!this.#interpreter(file) && !(await mayStart(file, this.#platform))) {
      throw new AppError('CGI_NOT_EXECUTABLE', this.#advice(file), 403)
    }
    return this.#script(file, name, pathInfo)
  }

  /** @throws {AppError} CGI_NOT_EXECUTABLE */
  #script(file: string, name: string, pathInfo: string): Script {
    const letter =
      isWindows(this.#platform) && SHELL.test(this.#interpreter(file)?.[0] ?? '') && SHELL_LETTERS.exec(file)
    if (letter) {
      const message = `${file} is not run: cmd.exe takes ${letter[0]} in a path for more than a letter; name it otherwise, or another program in \`interpreters\``
      throw new AppError('CGI_NOT_EXECUTABLE', message, 403)
    }
    return { file, command: [...(this.#interpreter(file) ?? []), file], name, pathInfo }
  }

  #interpreter(file: string): readonly string[] | undefined {
    return this.#interpreters.get(folded(extname(file), this.#platform))
  }

  #advice(file: string): string {
    return isWindows(this.#platform)
      ? `${file} is not executable: Windows starts .exe and .com by themselves; name a program for its extension in \`interpreters\`, such as { ".py": "C:\\\\Python\\\\python.exe" }`
      : `${file} is not executable: chmod +x it, or name a program for its extension in \`interpreters\``
  }
}

/** The shell of Windows reads its words once more, and for commands. */
const SHELL = /(?:^|[\\/])cmd\.exe$/i
const SHELL_LETTERS = /[&()@^%!,;=]/

/** The text that the bytes of a latin-1 string are, or undefined: bytes that are no UTF-8 name no script. */
function utf8(latin1: string): string | undefined {
  const bytes = Buffer.from(latin1, 'latin1')
  const text = bytes.toString('utf8')
  return text.includes('\uFFFD') && !Buffer.from(text).equals(bytes) ? undefined : text
}

async function looked<T>(file: string, look: (file: string) => Promise<T>): Promise<T | undefined> {
  try {
    return await look(file)
  } catch (error) {
    if (statusOfFailure(error, file) === 404) return undefined
    throw new AppError('CGI_NOT_EXECUTABLE', `${file} cannot be looked at: ${(error as Error).message}`, 403, {
      cause: error,
    })
  }
}

/** @throws {ConfigError} CGI_INTERPRETER */
function interpreter(
  line: string,
  place: string,
  { directory, platform }: MountContext,
  path: string,
): readonly string[] {
  const words = commandWords(line, platform)
  const wrong = (message: string): ConfigError => new ConfigError('CGI_INTERPRETER', place, message)
  if (typeof words === 'string') throw wrong(words)
  const [program, ...rest] = words
  if (!program) throw wrong(`${JSON.stringify(line)} is no command`)
  const found = findProgram(program, { directory, path, platform })
  if (found?.batch) throw wrong(batchAdvice(program, found.file))
  if (found) return [found.file, ...rest]
  const where = isPlaced(program, platform) ? '' : ` in the scripts' PATH (${path}; env.PATH changes it)`
  throw wrong(`there is no program ${program}${where}`)
}
