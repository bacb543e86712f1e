// What a web server in front may send itself of the `root` of a mount.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SharedFiles } from '../served-folder.ts'
import { belowPaths, withheldFrom } from './script-rules.ts'
import type { ScriptSettings } from './script-settings.ts'

/** Undefined where nothing is to be sent by it, as where links count, and it would not see where one leads; or where the folder is not to be seen here. */
export function sharedFiles(settings: ScriptSettings, directory: string): SharedFiles | undefined {
  const { root, split, static: serves, maxAge, followSymlinks, closed = [], uploads = [] } = settings
  if (root === undefined || !serves || followSymlinks) return undefined
  const path = resolve(directory, root)
  if (!existsSync(path)) return undefined
  const rules = { closed: belowPaths(closed), uploads: belowPaths(uploads) }
  return { path, maxAge, withheld: withheldFrom(rules, split) }
}
