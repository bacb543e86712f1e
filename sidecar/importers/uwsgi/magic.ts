// Magic placeholders: a percent sign and one letter. uWSGI fills them in for the whole text of a file before it reads that, from the name of
// the file and from the machine: config_magic_table_fill and magic_sub of its sources.
import { lstat, realpath } from 'node:fs/promises'
import { availableParallelism, hostname, userInfo } from 'node:os'
import { basename, dirname, resolve } from 'node:path'

/** Stands where a placeholder was that only uWSGI can fill in. No text has it. */
export const UNKNOWN = '\u{10fffe}'

/** Letter → text. */
export type MagicTable = Readonly<Record<string, string>>

/** What those letters stand for that say something only when uWSGI runs. */
const LATER: Readonly<Record<string, string>> = {
  t: 'the time of the start',
  T: 'the time of the start in microseconds',
  V: 'the version of uWSGI',
  b: 'the program of uWSGI',
  i: 'the inode of the file',
  j: 'a hash of its path',
  G: 'the group that starts uWSGI',
}

/**
 * The table of a file.
 * @param name as it was written, without a section; relative to `cwd`
 * @param section that was asked for; empty: none
 * @param first that of the first file, whose letters in capitals stay; undefined: it is the first
 */
export async function magicTable(
  name: string,
  section: string,
  cwd: string,
  first: MagicTable | undefined,
): Promise<MagicTable> {
  const absolute = resolve(cwd, name)
  const isLink = (await lstat(absolute).catch(() => undefined))?.isSymbolicLink() ?? false
  // A link keeps its own name, whose folder says where the file stands.
  const path = isLink ? absolute : await realpath(absolute).catch(() => absolute)
  const folder = dirname(path)
  const base = basename(path)
  const dot = (text: string): number => text.lastIndexOf('.')
  const own: Record<string, string> = {
    o: name,
    p: path,
    s: base,
    d: folder === '/' ? '/' : `${folder}/`,
    c: basename(folder),
    e: dot(name) < 0 ? '' : name.slice(dot(name) + 1),
    n: dot(base) < 0 ? '' : base.slice(0, dot(base)),
    x: section,
  }
  const parts = folder.split('/').filter((part) => part !== '')
  for (let digit = 0; digit <= 9; digit++) own[digit] = parts[digit] ?? ''
  const capitals = Object.fromEntries(
    ['o', 'p', 's', 'd', 'c', 'e', 'n', 'x'].map((letter) => [letter.toUpperCase(), own[letter]!]),
  )
  const { uid, gid, username } = userInfo()
  return {
    v: cwd,
    h: hostname(),
    k: String(availableParallelism()),
    u: String(uid),
    U: username,
    g: String(gid),
    '[': '\u001b',
    ...own,
    ...(first ? Object.fromEntries(Object.keys(capitals).map((letter) => [letter, first[letter] ?? ''])) : capitals),
  }
}

/** A text with its placeholders filled in. `%%` is a percent sign, `%(` stays for later, and a letter that means nothing goes. */
export function magicFilled(text: string, table: MagicTable): string {
  return text.replaceAll(/%([^])/gu, (_, letter: string) => {
    if (letter === '%') return '%'
    if (letter === '(') return '%('
    // The lines stay, whose numbers are told.
    if (letter === '\n' || letter === '\r') return letter
    if (Object.hasOwn(LATER, letter)) return `${UNKNOWN}${letter}`
    return table[letter] ?? ''
  })
}

/** Why a text is not known; undefined: it is. */
export function unknownMagic(text: string): string | undefined {
  const at = text.indexOf(UNKNOWN)
  if (at < 0) return undefined
  const letter = text[at + UNKNOWN.length]!
  return `%${letter} is ${LATER[letter]}, which is known only when uWSGI runs: write what it should be`
}

/** As it was written. */
export function magicShown(text: string): string {
  return text.replaceAll(UNKNOWN, '%')
}
