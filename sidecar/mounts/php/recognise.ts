// What a folder of PHP is: one of the apps that are known, or one that says by its own files that a front controller answers what is no file.
import { readFile, stat } from 'node:fs/promises'
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
export async function recognise(root: string): Promise<Recognised> {
  for (const app of apps) {
    if (!(await areAll(root, app.marks))) continue
    return { app, frontController: app.frontController, because: `${app.marks[0]} is there` }
  }
  const none = { app: undefined, frontController: undefined, because: undefined }
  if (!(await isFile(join(root, FRONT)))) return none
  const rules = await readFile(join(root, '.htaccess'), 'utf8').catch(() => '')
  if (REWRITE.test(rules))
    return { app: undefined, frontController: FRONT, because: 'its .htaccess sends what is no file there' }
  for (const mark of PROJECTS) {
    if (await isFile(join(root, '..', mark))) {
      return { app: undefined, frontController: FRONT, because: `it is the public folder of a project: ../${mark}` }
    }
  }
  return none
}

/** The public folder of a project, where `root` is the project itself, of which clients may see nothing else. */
export async function publicFolderOf(root: string): Promise<string | undefined> {
  if (await isFile(join(root, FRONT))) return undefined
  for (const folder of ['public', 'web', 'webroot']) if (await isFile(join(root, folder, FRONT))) return folder
  return undefined
}

async function areAll(root: string, files: readonly string[]): Promise<boolean> {
  for (const file of files) if (!(await isFile(join(root, file)))) return false
  return true
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true
}
