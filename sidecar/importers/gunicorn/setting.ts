// A setting of gunicorn: how it is written, and what it is.

/**
 * What a value is: a text, a number, a number in octal, true or false, `off` (an option that only switches off), a list, addresses with commas
 * between, a dictionary, a function, or a word that may be missing behind its option.
 */
export type Kind = 'text' | 'number' | 'octal' | 'flag' | 'off' | 'list' | 'peers' | 'dictionary' | 'hook' | 'word'

/** One setting. */
export interface Setting {
  /** As in a configuration file. */
  readonly name: string
  readonly kind: Kind
  /** On the command line; empty: there is none. */
  readonly flags: readonly string[]
  /** Its place here; undefined: there is nothing like it. */
  readonly here: string | undefined
  /** What is different; why there is nothing, and what to do instead. */
  readonly note: string
}

/** A name, what it is, and its options parted by blanks. */
export type Row = readonly [name: string, kind: Kind, flags?: string]

/** @param here as of Setting */
export function settingsOf(rows: readonly Row[], here: string | undefined, note: string): Setting[] {
  return rows.map(([name, kind, flags = '']) => ({
    name,
    kind,
    flags: flags === '' ? [] : flags.split(' '),
    here,
    note,
  }))
}
