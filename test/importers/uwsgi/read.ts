// Imports in this process, for tests.
import { dirname } from 'node:path'
import { expect } from 'vitest'
import { validateConfig } from '../../../sidecar/config/validate.ts'
import { uwsgi } from '../../../sidecar/importers/uwsgi/uwsgi.ts'
import type { Imported } from '../../../sidecar/importers/importer.ts'
import { kinds } from '../../../sidecar/mounts/index.ts'

/** What is imported. */
export interface ImportOptions {
  readonly cwd: string
  readonly file?: string
  readonly words?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Imports `app.ini` of a folder; what comes out has to be a right configuration. */
export async function imported({
  cwd,
  file = 'app.ini',
  words = [],
  environment = {},
}: ImportOptions): Promise<Imported> {
  const found = await uwsgi.read({ file, words, cwd, environment })
  expect(await problemsOf(found, cwd)).toEqual([])
  return found
}

/** What is wrong with a configuration that was imported, but for having no mount. */
export async function problemsOf({ config }: Imported, cwd: string): Promise<readonly string[]> {
  const source = {
    file: undefined,
    directory: dirname(cwd),
    data: config,
    expanded: new Set<string>(),
    problems: [],
    place: () => undefined,
  }
  const { problems } = await validateConfig(source, kinds, cwd)
  return problems.filter(({ path }) => path !== 'mounts').map(({ path, message }) => `${path}: ${message}`)
}

/** The line of a report about an option, without its place. */
export function lineFor({ report }: Imported, option: string): string {
  const line = report
    .full()
    .split('\n')
    .find((one) => one.includes(`: ${option}`))
  return line?.trim().replace(/^\S+: /, '') ?? `nothing about ${option}`
}
