// raw_env → `env`, and the prefix that SCRIPT_NAME in it says.
import { ConfigError } from '../../errors.ts'
import type { Context } from './context.ts'
import { withoutTrailing } from '../../trailing.ts'

/** What the workers get beside what the gateway has. */
export interface AppEnvironment {
  readonly env: Readonly<Record<string, string>>
  /** Where the app is: `/` or a prefix. */
  readonly key: string
}

/** @throws {ConfigError} IMPORT_SYNTAX for an entry without `=` */
export function environmentOf({ settings, report, environment }: Context): AppEnvironment {
  const given = settings.take('raw_env')
  const env: Record<string, string> = {}
  for (const one of (given?.value as readonly string[] | undefined) ?? []) {
    const equals = one.indexOf('=')
    if (equals < 1) throw new ConfigError('IMPORT_SYNTAX', given!.place, 'raw_env is a list of NAME=VALUE')
    env[one.slice(0, equals)] = one.slice(equals + 1)
  }
  const own = env.SCRIPT_NAME
  const prefix = withoutTrailing(own ?? environment.SCRIPT_NAME ?? '', '/')
  const key = prefix === '' ? '/' : prefix.replace(/^\/*/, '/')
  delete env.SCRIPT_NAME
  if (given) {
    if (own === undefined) report.carried(given.place, given.written, ['mounts', key, 'env'])
    else report.changed(given.place, given.written, ['mounts', key, 'env'], `SCRIPT_NAME is where the mount is: ${key}`)
  }
  return { env, key }
}
