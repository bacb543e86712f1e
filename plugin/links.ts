// The symbolic links of a folder, for hosts that cannot leave those that they meet to Sidegate.
import { readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** A folder as a host sees it that was told of its links. */
export interface LinkedFolder {
  /** Without links on the way to it. */
  readonly path: string
  /** Where links are: paths below the folder, each with a slash in front. */
  readonly links: readonly string[]
}

/** More files than these are not looked at, and more links not written. */
const MOST_FILES = 200_000
const MOST_LINKS = 100

/**
 * Looks for links, but not where nothing is sent from; undefined when there is more of them or of files than a config is good for, or a folder
 * cannot be read.
 */
export function linksIn(folder: string, isWithheld: (path: string) => boolean): LinkedFolder | undefined {
  const links: string[] = []
  const open = ['']
  let seen = 0
  try {
    const path = realpathSync(folder)
    for (let below = open.pop(); below !== undefined; below = open.pop()) {
      for (const entry of readdirSync(join(path, below), { withFileTypes: true, encoding: 'utf8' })) {
        const name = `${below}/${entry.name}`
        if (++seen > MOST_FILES) return undefined
        if (entry.isSymbolicLink()) links.push(name)
        else if (entry.isDirectory() && !isWithheld(`${name}/`)) open.push(name)
      }
    }
    // A name that is no UTF-8 is nothing that a config could say.
    const isWritable = links.every((link) => !link.includes('\ufffd'))
    return links.length <= MOST_LINKS && isWritable ? { path, links } : undefined
  } catch {
    return undefined
  }
}
