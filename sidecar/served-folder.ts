// A folder of static files as whoever serves it has to know it: Sidegate, or the web server in front.

/** The folder, and what is served of it. */
export interface ServedFolder {
  /** Absolute. */
  readonly path: string
  /** What is served for a folder: the first of these that is there. */
  readonly index: readonly string[]
  /** Seconds that clients may keep a file without asking again. */
  readonly maxAge: number
  /** The file that is served where nothing else is found. */
  readonly fallback?: string | undefined
  /** Names that begin with a dot are served too. */
  readonly dotfiles: boolean
  /** Symbolic links that lead out of the folder are followed. */
  readonly followSymlinks: boolean
}

/** Files that lie beside scripts, of which a web server in front may send some itself: those that are there, but for links and for what `withheld` fits. */
export interface SharedFiles {
  /** Absolute. */
  readonly path: string
  /** Seconds that clients may keep a file without asking again. */
  readonly maxAge: number
  /**
   * What Sidegate is to be asked for whatever is there: a regular expression, as JavaScript, PCRE and RE2 read it alike, of the decoded path below
   * the folder, in any letters.
   */
  readonly withheld: string
}
