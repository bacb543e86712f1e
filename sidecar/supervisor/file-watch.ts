// Looks whether files have changed. It asks for their times again and again: that works for files that are not there yet, behind symbolic links, and in
// folders of other machines or of a container's host, from which no system tells of changes.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const LOOK_MS = 1000
/** The clock of files may be so late, in milliseconds. */
const CLOCK_MS = 10

/** Files of one folder and those below that are looked at; more are no sources of an app. */
const FILES_MAX = 20_000

/** What apps and configurations are written in. */
const SOURCE = /\.(?:[cm]?[jt]sx?|json|py|ya?ml|toml)$/
const ELSEWHERE = /^(?:\..*|node_modules|__pycache__)$/

/** What is to be looked at: absolute paths. */
export interface Watched {
  /** Files, there or not. */
  readonly files: readonly string[]
  /** Files, and folders with the sources below. */
  readonly trees: readonly string[]
  /** When some of the files were read, in milliseconds since 1970: what has changed since then has changed. */
  readonly read?: Readonly<Record<string, number>>
  /** The same for the others. */
  readonly since?: number
}

export class FileWatch {
  readonly #changed: (path: string) => void
  readonly #every: number
  #seen = new Map<string, string>()
  #watched: Watched = { files: [], trees: [] }
  #timer: NodeJS.Timeout | undefined

  /**
   * @param changed called once for each look that finds a change, with one of the files
   * @param every milliseconds between two looks
   */
  constructor(changed: (path: string) => void, every: number = LOOK_MS) {
    this.#changed = changed
    this.#every = every
  }

  /** Looks at these from now on. What is new among them counts as it was then when that is said, else as it is now; what was there before as it was. */
  async at(watched: Watched): Promise<void> {
    this.close()
    this.#watched = watched
    if (watched.files.length + watched.trees.length === 0) return
    const now = await times(watched)
    for (const [path, text] of now) {
      if (this.#seen.has(path)) now.set(path, this.#seen.get(path)!)
      else if (parseFloat(text) > (watched.read?.[path] ?? (watched.since ?? Infinity) - CLOCK_MS))
        now.set(path, 'changed')
    }
    this.#seen = now
    this.#again()
  }

  /** Works twice. */
  close(): void {
    clearTimeout(this.#timer)
    this.#watched = { files: [], trees: [] }
  }

  #again(): void {
    const watched = this.#watched
    this.#timer = setTimeout(async () => {
      const now = await times(watched)
      if (watched !== this.#watched) return
      const before = this.#seen
      const other = [...now.keys(), ...before.keys()].find((path) => now.get(path) !== before.get(path))
      this.#seen = now
      this.#again()
      if (other !== undefined) this.#changed(other)
    }, this.#every).unref()
  }
}

/** What each file is by now: another text when it has changed. */
async function times({ files, trees }: Watched): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const file of files) found.set(file, await timeOf(file))
  for (const tree of trees) await walk(tree, found)
  return found
}

async function timeOf(file: string): Promise<string> {
  try {
    const { mtimeMs, ino, size } = await stat(file)
    return `${mtimeMs} ${ino} ${size}`
  } catch {
    return ''
  }
}

async function walk(path: string, found: Map<string, string>): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
  if (!entries) return void found.set(path, await timeOf(path))
  for (const entry of entries) {
    if (found.size >= FILES_MAX) return
    const { name } = entry
    const below = join(path, name)
    if (ELSEWHERE.test(name)) continue
    if (entry.isDirectory()) await walk(below, found)
    else if (SOURCE.test(name)) found.set(below, await timeOf(below))
  }
}
