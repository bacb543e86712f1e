// Names and the hashes of their passwords, as htpasswd of Apache writes them: NAME:HASH in a line. What stands behind another colon is a
// comment, `#` begins one, and of two lines for a name the first counts, as with Apache.
import { ConfigError } from '../../errors.ts'
import { kindOf, refusal } from './hash.ts'

/** Who may come in. */
export class Users {
  readonly #hashes: ReadonlyMap<string, string>
  /**
   * A hash of the most usual kind: what is checked for a name that nobody has, so that the time it takes does not tell. Undefined: there
   * is no user at all.
   */
  readonly decoy: string | undefined

  constructor(hashes: ReadonlyMap<string, string>) {
    this.#hashes = hashes
    const byKind = Map.groupBy(hashes.values(), kindOf)
    this.decoy = [...byKind.values()].toSorted((a, b) => b.length - a.length)[0]?.[0]
  }

  get size(): number {
    return this.#hashes.size
  }

  /** The hash of a user's password. `name`: latin-1, each character a byte of UTF-8. */
  hashOf(name: string): string | undefined {
    return this.#hashes.get(name)
  }
}

/** A line, and how errors name its place. */
export interface UserLine {
  readonly text: string
  readonly place: string
}

/** The lines of a file. `bytes`: of UTF-8. */
export function linesOfFile(bytes: Buffer, file: string): UserLine[] {
  const text = bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
  return text.split('\n').map((line, index) => ({ text: line, place: `line ${index + 1} of ${file}` }))
}

/**
 * Reads lines, latin-1, each character a byte of UTF-8.
 * @param plain passwords that are written as they are may be there
 * @param path the setting that has them, in the configuration
 * @throws {ConfigError} AUTH_USERS for a line that is none, or whose hash is not taken
 */
export function parseUsers(lines: readonly UserLine[], plain: boolean, path: string): Users {
  const hashes = new Map<string, string>()
  for (const { text, place } of lines) {
    const line = text.replace(/\r$/, '')
    if (/^\s*(?:#|$)/.test(line)) continue
    const [name = '', hash] = line.split(':', 2)
    if (name === '' || hash === undefined)
      throw new ConfigError('AUTH_USERS', path, `${place} is not like NAME:HASH, as htpasswd writes it`)
    const why = refusal(hash, plain)
    if (why !== undefined) throw new ConfigError('AUTH_USERS', path, `${place} ${why}`)
    if (!hashes.has(name)) hashes.set(name, hash)
  }
  return new Users(hashes)
}
