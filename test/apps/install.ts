// Installs what an application is made of, once: into a folder of its own below the cache of the tests.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Packages, RealApp } from './app.ts'

/** Where the folders are kept. Some applications run as another user, to whom the home of root is closed as a rule. */
const HOME = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache')
const CACHE = join(process.env.XDG_CACHE_HOME ?? HOME, 'sidegate-tests', 'apps')

/** The folder of an application. */
export function folderOf({ name }: RealApp): string {
  const folder = join(CACHE, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** What is typed to install it. */
export function installWords(packages: Packages): string[] {
  if ('npm' in packages) return ['npm', 'install', '--save-exact', ...packages.npm]
  if ('pip' in packages) return ['.venv/bin/pip', 'install', ...packages.pip]
  return ['apt-get', 'install', '--no-install-recommends', ...packages.debian]
}

/** Installs packages into a folder where they are not. @throws {Error} with what was said */
export function install(packages: Packages, folder: string): void {
  const mark = join(folder, '.installed')
  const wanted = installWords(packages).join(' ')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  if ('npm' in packages && !existsSync(join(folder, 'package.json')))
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  if ('pip' in packages && !existsSync(join(folder, '.venv'))) command(['python3', '-m', 'venv', '.venv'], folder)
  const [program, ...words] = installWords(packages)
  const quiet = 'npm' in packages ? ['--no-audit', '--no-fund'] : 'pip' in packages ? ['-q'] : ['-y', '-q']
  command([program!, ...words, ...quiet], folder, { DEBIAN_FRONTEND: 'noninteractive' })
  writeFileSync(mark, wanted)
}

/** Writes its files, and runs what it has run once they are there. */
export function prepare(
  commands: readonly (readonly string[])[],
  files: Readonly<Record<string, string>>,
  folder: string,
): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  for (const words of commands) command(words, folder)
}

/** The version of the first of them that is installed. */
export function versionOf(packages: Packages, folder: string): string {
  const [first = ''] = 'npm' in packages ? packages.npm : 'pip' in packages ? packages.pip : packages.debian
  const name = first.replace(/(?<=.)(?:@|==).*/, '')
  if ('npm' in packages) {
    const file = join(folder, 'node_modules', name, 'package.json')
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  }
  if ('pip' in packages) return /^Version: (.*)$/m.exec(command(['.venv/bin/pip', 'show', name], folder))![1]!
  return command(['dpkg-query', '-W', '-f=${Version}', name], folder)
}

/** @throws {Error} */
function command(words: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const [program = '', ...rest] = words
  const { status, stdout, stderr, error } = spawnSync(program, rest, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${error?.message ?? `${stdout}${stderr}`.trim()}`)
  return stdout
}
