// What a folder of PHP is: one of the apps that are known, or one that says by its own files that a front controller answers what is no file.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { apps, type PhpApp } from './apps.ts'

/** What was found, and by what. */
export interface Recognised {
  readonly app: PhpApp | undefined
  readonly frontController: string | undefined
  /** For people: `wp-load.php is there`; undefined: nothing was found. */
  readonly because: string | undefined
}

const FRONT = '/index.php'
/** A rule for Apache that has index.php answer. */
const REWRITE =
  /^[ \t]*(?:RewriteRule[ \t]+\S+[ \t]+(?:\S*\/)?index\.php\b|FallbackResource[ \t]+\/?(?:\S*\/)?index\.php\b)/im
/** Beside the public folder of a project, and never in it. */
const PROJECTS = ['artisan', 'bin/console', 'symfony.lock']

/** @param root absolute, a folder that is there */
export function recognise(root: string): Recognised {
  for (const app of apps) {
    if (!app.marks.every((mark) => isFile(join(root, mark)))) continue
    return { app, frontController: app.frontController, because: `${app.marks[0]} is there` }
  }
  const none = { app: undefined, frontController: undefined, because: undefined }
  if (!isFile(join(root, FRONT))) return none
  if (REWRITE.test(textOf(join(root, '.htaccess'))))
    return { app: undefined, frontController: FRONT, because: 'its .htaccess sends what is no file there' }
  for (const mark of PROJECTS) {
    if (isFile(join(root, '..', mark))) {
      return { app: undefined, frontController: FRONT, because: `it is the public folder of a project: ../${mark}` }
    }
  }
  return none
}

/** The public folder of a project, where `root` is the project itself, of which clients may see nothing else. */
export function publicFolderOf(root: string): string | undefined {
  if (isFile(join(root, FRONT))) return undefined
  return ['public', 'web', 'webroot'].find((folder) => isFile(join(root, folder, FRONT)))
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
