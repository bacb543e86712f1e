// A file of users that is looked at for each request: who is taken out of it is out at once.
import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { messageOf } from '../../thrown.ts'
import { linesOfFile, parseUsers, type UserLine, type Users } from './users.ts'

/** A hundred thousand users. A slip should not take all memory. */
const SIZE_MAX = 16 * 1024 * 1024

/** What a user file is made of. */
export interface UserFileOptions {
  /** Absolute. */
  readonly file: string
  /** Of more users, which come first. */
  readonly more: readonly UserLine[]
  readonly plain: boolean
  /** The setting, for errors. */
  readonly path: string
  readonly log: Log
}

/** The users of a file, as it is now. */
export class UserFile {
  readonly #options: UserFileOptions
  #stamp = ''
  #users: Users | undefined

  constructor(options: UserFileOptions) {
    this.#options = options
  }

  /** @throws {ConfigError} AUTH_FILE, AUTH_USERS */
  open(): void {
    this.#stamp = this.#look()
    this.#users = this.#read()
    if (this.#users.size > 0) return
    const { file, path } = this.#options
    throw new ConfigError('AUTH_FILE', path, `${file} has no user in it: htpasswd -B ${file} NAME puts one there`)
  }

  /** Those of a file that cannot be used any more are those that it had before. */
  get users(): Users {
    const stamp = this.#look()
    if (stamp === this.#stamp) return this.#users!
    this.#stamp = stamp
    const { log, file } = this.#options
    try {
      this.#users = this.#read()
      log.info(`${file} was read anew: ${this.#users.size} users`)
    } catch (error) {
      const { code, message } = error as ConfigError
      log.error(`${message}; those who were in it before are let in`, { code, blame: 'config' })
    }
    return this.#users!
  }

  #look(): string {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#options.file, { bigint: true })
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    } catch (error) {
      return messageOf(error)
    }
  }

  #read(): Users {
    const { file, more, plain, path } = this.#options
    let bytes: Buffer
    try {
      // A device or a pipe would be read for ever.
      const found = statSync(file)
      if (!found.isFile()) throw new Error('it is no file')
      if (found.size > SIZE_MAX) throw new Error(`it has more than ${SIZE_MAX} bytes`)
      bytes = readFileSync(file)
    } catch (error) {
      throw new ConfigError('AUTH_FILE', path, `cannot read ${file}: ${messageOf(error)}`, { cause: error })
    }
    return parseUsers([...more, ...linesOfFile(bytes, file)], plain, path)
  }
}
