// What apps find in their environment.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Instance } from '../instance.ts'
import { carried, changed, left, refused, type Rule } from '../rule.ts'

const environment: Rule = {
  names: ['env'],
  here: '`env`',
  take(option, instance) {
    const equals = option.value.indexOf('=')
    if (equals < 0) return left('it takes a variable away: start Sidegate without it, or set clearEnv')
    const name = option.value.slice(0, equals)
    const value = option.value.slice(equals + 1)
    const { environment: from = [] } = option
    if (from.length > 0 && from.every((one) => one === name))
      return carried(undefined, 'apps have what the gateway was started with')
    instance.set('env', { ...(instance.common.env as object | undefined), [name]: value })
    return carried(['app', 'env', name])
  },
}

/** Variables in files of a folder, as daemontools has them. */
export async function readEnvDirs(instance: Instance): Promise<void> {
  for (const { value } of instance.all('envdir', 'early-envdir')) {
    const folder = instance.path(value)
    const names = await readdir(folder).catch(() => [])
    for (const name of names.filter((one) => !one.startsWith('.'))) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
      const line = text
        ?.split('\n')[0]!
        .replace(/[ \t]+$/, '')
        .replaceAll('\0', '\n')
      if (line) instance.set('env', { ...(instance.common.env as object | undefined), [name]: line })
    }
  }
}

const environmentFolder: Rule = {
  names: ['envdir', 'early-envdir'],
  here: '`env`, with what the files of the folder say now',
  take: (_, instance) =>
    instance.common.env === undefined
      ? left('there is no variable in that folder')
      : changed('with what its files say now', ['app', 'env']),
}

/** The rows. */
export const environmentRules: readonly Rule[] = [
  environment,
  environmentFolder,
  refused(['unenv'], 'start Sidegate without the variable, or set `clearEnv`'),
]
