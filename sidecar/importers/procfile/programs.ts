// What is to be said of programs that Procfiles name. docs/run.md has this table.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One of them. */
export interface KnownProgram {
  /** As people write it. */
  readonly written: string
  readonly isIt: (words: string) => boolean
  /** What should be known. `{app}`: what `appOf` gives. */
  readonly note: string
  /** Looked for in the folder of the Procfile. */
  appOf?(folder: string, words: string): Promise<string>
  /** A mount of another kind in the place of `run`. */
  mount?(words: readonly string[], folder: string): Readonly<Record<string, unknown>>
}

const MANAGE = /(?:^|\s)(?:\S*\/)?manage\.py\s+runserver\b/

export const knownPrograms: readonly KnownProgram[] = [
  {
    written: 'python manage.py runserver',
    isIt: (words) => MANAGE.test(words),
    note: "it is Django's server for development: mount the app, { python: '{app}' }",
    async appOf(folder) {
      const text = await readFile(join(folder, 'manage.py'), 'utf8').catch(() => '')
      const project = /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"](\w+)[.\w]*['"]/.exec(text)?.[1]
      return `${project ?? 'PROJECT'}.wsgi:application`
    },
  },
  {
    written: 'flask run',
    isIt: (words) => /(?:^|\s)flask\s(?:.*\s)?run\b/.test(words),
    note: "it is Flask's server for development: mount the app, { python: '{app}' }",
    appOf: (_, words) => Promise.resolve(/(?:--app|-A)[\s=]+(\S+)/.exec(words)?.[1] ?? 'app:app'),
  },
  {
    written: 'php -S',
    isIt: (words) => /^(?:\S*\/)?php\s(?:.*\s)?-S\b/.test(words),
    note: "it is PHP's server for development: mount the folder, { php: '{app}' }",
    appOf: (folder, words) => Promise.resolve(join(folder, /-t[\s=]*(\S+)/.exec(words)?.[1] ?? '.')),
  },
  {
    written: 'heroku-php-apache2 public/',
    isIt: (words) => /(?:^|\/)heroku-php-(?:apache2|nginx)\b/.test(words),
    note: 'a php mount in place of a web server of its own with PHP behind it',
    mount: (words, folder) => ({ php: join(folder, words.slice(1).findLast((one) => !one.startsWith('-')) ?? '.') }),
  },
]

/** The one that a command runs. */
export function knownProgram(words: readonly string[]): KnownProgram | undefined {
  const line = words.join(' ')
  return knownPrograms.find(({ isIt }) => isIt(line))
}
