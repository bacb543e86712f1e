// A pool file of PHP-FPM, or its main file with those that it includes: each pool becomes a php mount, and its address a listener.
import { isAbsolute, resolve } from 'node:path'
import { ConfigError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { Imported, Importer, ImportSource } from './importer.ts'
import type { Directive } from './php-fpm/directive.ts'
import { globalDirectives } from './php-fpm/global-directives.ts'
import { poolDirectives, WITH_PM } from './php-fpm/pool-directives.ts'
import { allLines } from './php-fpm/files.ts'
import type { FpmLine, FpmSetting } from './php-fpm/lines.ts'
import { Pool, type Fate } from './php-fpm/pool.ts'
import { put } from './put.ts'
import { ImportReport } from './report.ts'

export const phpFpm: Importer = {
  name: 'php-fpm',
  async read(source: ImportSource): Promise<Imported> {
    const report = new ImportReport()
    const lines = await allLines(source, report)
    const pools = poolsOf(lines, source.file)
    return new Conversion(pools, source, report).convert(lines)
  },
}

/** @throws {ConfigError} IMPORT_SYNTAX: there is none, or one without a number of processes */
function poolsOf(lines: readonly FpmLine[], file: string): Map<string, Pool> {
  const pools = new Map<string, Pool>()
  let current: Pool | undefined
  for (const line of lines) {
    if (line.kind === 'setting') current?.add(named(line, current.name))
    else if (line.name === 'global') current = undefined
    else {
      current = pools.get(line.name) ?? new Pool(line)
      pools.set(line.name, current)
    }
  }
  if (pools.size === 0) throw new ConfigError('IMPORT_SYNTAX', file, 'there is no pool in it: [NAME] and its settings')
  for (const { section, settings } of pools.values()) {
    const without = ['listen', 'pm', 'pm.max_children'].find((name) => !settings.has(name))
    if (without !== undefined) {
      throw new ConfigError('IMPORT_SYNTAX', section.place, `the pool ${section.name} has no ${without}`)
    }
  }
  return pools
}

/** `$pool` is the name of the pool. */
function named(line: FpmSetting, pool: string): FpmSetting {
  return { ...line, value: line.value.replaceAll('$pool', pool), raw: line.raw.replaceAll('$pool', pool) }
}

/** What is made of some pools. */
class Conversion {
  readonly #pools: ReadonlyMap<string, Pool>
  readonly #source: ImportSource
  readonly #report: ImportReport
  readonly #gateway: Record<string, unknown> = {}

  constructor(pools: ReadonlyMap<string, Pool>, source: ImportSource, report: ImportReport) {
    this.#pools = pools
    this.#source = source
    this.#report = report
  }

  convert(lines: readonly FpmLine[]): Imported {
    this.#place()
    let current: Pool | undefined
    for (const line of lines) {
      if (line.kind === 'section') {
        current = this.#pools.get(line.name)
        if (current?.section === line) this.#tellPlace(current)
      } else if (current) this.#take(named(line, current.name), current)
      else this.#takeForAll(line)
    }
    for (const pool of this.#pools.values()) {
      put(pool.mount, ['maxRequests'], 0, false)
      put(pool.mount, ['clearEnv'], true, false)
    }
    this.#tellHost()
    const pools = [...this.#pools.values()]
    const listen = pools.map(({ listener }) => listener).filter(({ address }) => address !== undefined)
    demandApart(pools)
    const mounts = Object.fromEntries(pools.map((pool) => [this.#key(pool), pool.mount]))
    return { config: { ...this.#gateway, listen, mounts }, report: this.#report }
  }

  /**
   * The folders of the scripts, which a pool does not know: the web server names each script.
   * @throws {ConfigError} IMPORT_WORDS
   */
  #place(): void {
    const { words, cwd, file } = this.#source
    const folders = new Map<string, string>()
    for (const word of words) {
      const [, name = '', folder = ''] = /^(?:([^=/]*)=)?(.*)$/.exec(word)!
      if (name !== '' && !this.#pools.has(name)) {
        const names = [...this.#pools.keys()]
        throw new ConfigError(
          'IMPORT_WORDS',
          word,
          `there is no pool ${name}: is it ${nearest(name, names) ?? names.join(', ')}?`,
        )
      }
      folders.set(name, resolve(cwd, folder))
    }
    for (const pool of this.#pools.values()) {
      const chdir = pool.value('chdir')
      const own = chdir !== undefined && isAbsolute(chdir) && chdir !== '/' ? chdir : undefined
      const folder = folders.get(pool.name) ?? folders.get('') ?? own
      if (folder === undefined) {
        throw new ConfigError(
          'IMPORT_WORDS',
          file,
          `a pool does not say where its scripts are, as the web server names them: write the folder behind the file: sidegate import php-fpm ${file} ${this.#pools.size === 1 ? '' : `${pool.name}=`}/var/www/html`,
        )
      }
      pool.mount.php = folder
    }
  }

  /** One pool is all that is there; of several, a name such as example.com is that of a host. */
  #key({ name }: Pool): string {
    if (this.#pools.size === 1) return '/'
    return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(name) ? name.toLowerCase() : `/${name}`
  }

  #tellPlace(pool: Pool): void {
    const { place, name } = pool.section
    const to = ['mounts', this.#key(pool)]
    const defaults = [
      pool.settings.has('pm.max_requests') ? [] : ['maxRequests 0'],
      pool.settings.has('clear_env') ? [] : ['clearEnv true'],
    ].flat()
    const own = defaults.length === 0 ? '' : `php-fpm's own defaults are written out: ${defaults.join(', ')}`
    if (this.#pools.size === 1) this.#report.carried(place, `[${name}]`, to, own === '' ? undefined : own)
    else {
      const note = 'php-fpm has an address for each pool; here the place does it, which is yours to choose'
      this.#report.changed(place, `[${name}]`, to, own === '' ? note : `${note}. ${own}`)
    }
  }

  #take(setting: FpmSetting, pool: Pool): void {
    const counts = pool.counting(setting)
    if (counts !== undefined && counts.place !== setting.place) {
      this.#report.left(setting.place, shown(setting), `${counts.place} says otherwise, which counts`)
      return
    }
    const directive = directiveOf(setting, poolDirectives)
    this.#tell(setting, directive ? filled(directive, setting, pool, this.#source) : unknown(setting, poolDirectives), [
      pool,
    ])
  }

  /** Of the section `global`: a pool that says something else keeps it. */
  #takeForAll(setting: FpmSetting): void {
    const directive = directiveOf(setting, globalDirectives)
    const pools = [...this.#pools.values()]
    const fate = directive ? directive.take(setting, pools[0]!) : unknown(setting, globalDirectives)
    const others = pools.filter((pool) => !pool.settings.has(setting.name))
    this.#tell(setting, others.length === 0 && 'at' in fate ? { anyway: 'every pool has its own' } : fate, others)
  }

  #tell(setting: FpmSetting, fate: Fate, pools: readonly Pool[]): void {
    const { place } = setting
    const written = shown(setting)
    const report = this.#report
    const index = [...this.#pools.values()].indexOf(pools[0]!)
    const carry = (
      to: readonly (string | number)[],
      { note, changed }: { note?: string | undefined; changed?: true },
    ) => (changed ? report.changed(place, written, to, note ?? '') : report.carried(place, written, to, note))
    if ('left' in fate) report.left(place, written, fate.left)
    else if ('anyway' in fate) {
      const to = fate.at && ['mounts', this.#key(pools[0]!), ...fate.at]
      if (to && fate.anyway === WITH_PM) report.carried(place, written, to)
      else report.changed(place, written, to, fate.anyway)
    } else if ('gateway' in fate) {
      put(this.#gateway, fate.gateway, fate.value)
      carry(fate.gateway, fate)
    } else if ('listener' in fate) {
      pools[0]!.listener[fate.listener] = fate.value
      carry(['listen', index, fate.listener], fate)
    } else {
      for (const pool of pools) put(pool.mount, fate.at, fate.value)
      carry(['mounts', this.#key(pools[0]!), ...fate.at], fate)
    }
  }

  #tellHost(): void {
    const host = (line: string): void => this.#report.host(line)
    host(
      'What it passes to php-fpm (fastcgi_pass, ProxyPass fcgi:, fastcgi.server) comes to Sidegate at the same address: stop php-fpm first.',
    )
    host(
      'Which script runs is decided by the folder of the mount: SCRIPT_FILENAME and try_files are not needed. `frontController: /index.php`',
    )
    host('in the mount has it run where no file is, unless Sidegate has found that out (its log says so).')
    host('`sidegate plug nginx`, or another web server, writes its side anew.')
  }
}

/** @throws {ConfigError} IMPORT_SYNTAX: php-fpm does not start with two pools at one address either */
function demandApart(pools: readonly Pool[]): void {
  const seen = new Map<unknown, Pool>()
  for (const pool of pools) {
    const { address } = pool.listener
    const other = seen.get(address)
    if (address !== undefined && other)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        pool.settings.get('listen')!.place,
        `the pool ${other.name} has this address too: give each pool one of its own`,
      )
    seen.set(address, pool)
  }
}

function directiveOf({ name, key }: FpmSetting, directives: readonly Directive[]): Directive | undefined {
  const whole = key === undefined || key === '' ? name : `${name}[NAME]`
  return directives.find((one) => one.name === whole)
}

/** `env[A] = $B` is what B is. */
function filled(directive: Directive, setting: FpmSetting, pool: Pool, { environment }: ImportSource): Fate {
  const from = setting.name === 'env' ? /^\$(\w+)$/.exec(setting.value)?.[1] : undefined
  if (from === undefined) return directive.take(setting, pool)
  const value = environment[from]
  if (value === undefined) return { left: `$${from} is not set here: write its value into env` }
  return { at: ['env', setting.key ?? ''], value, changed: true, note: `$${from} as it is now` }
}

function unknown({ name }: FpmSetting, directives: readonly Directive[]): Fate {
  const meant = nearest(
    name,
    directives.map((one) => one.name.replace('[NAME]', '')),
  )
  return { left: `php-fpm has no such setting${meant === undefined ? '' : `: is it ${meant}?`}` }
}

/** Without what may be secret. */
function shown({ name, key, raw }: FpmSetting): string {
  if (name === 'env') return `env[${key}]`
  const setting = key === undefined ? name : `${name}[${key}]`
  return /pass|pw|secret|token|auth|save_path|dsn|key/i.test(key ?? '') ? setting : `${setting} = ${raw}`
}
