// What becomes of a setting of php-fpm here, and the usual cases of that.
import type { FpmSetting } from './lines.ts'
import type { Fate, Pool } from './pool.ts'

/** One of them. */
export interface Directive {
  /** As in the manual of PHP. */
  readonly name: string
  /** What stands in its place, in Markdown: settings of a `php` mount where nothing else is said. */
  readonly here: string
  /** What is different, or why there is nothing like it. */
  readonly note: string
  /** @param pool of the section `global`: the first one */
  take(setting: FpmSetting, pool: Pool): Fate
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/** `30`, `30s`, `5m`: seconds. */
export function secondsOf(value: string): number | undefined {
  const [, count, unit] = /^(\d+)([smhd]?)$/.exec(value) ?? []
  return count === undefined ? undefined : Number(count) * UNITS[unit!]!
}

/** There is nothing like it, for everybody. */
export function left(name: string, why: string): Directive {
  return { name, here: 'none', note: why, take: () => ({ left: why }) }
}

/** It is always so, or what does the same is not of the mount. */
export function anyway(name: string, here: string, note: string): Directive {
  return { name, here, note, take: () => ({ anyway: note }) }
}

/** A number of the mount. */
export function numeric(name: string, at: readonly string[], note = ''): Directive {
  return {
    name,
    here: code(at.join('.')),
    note,
    take: ({ value }) => (/^-?\d+$/.test(value) ? { at, value: Number(value) } : { left: `${value} is no number` }),
  }
}

/** A time of the mount, of which 0 is none. */
export function timed(name: string, at: readonly string[], note = ''): Directive {
  return {
    name,
    here: code(at.join('.')),
    note,
    take({ value }) {
      const seconds = secondsOf(value)
      if (seconds === undefined) return { left: `${value} is no time` }
      return seconds === 0 ? { anyway: 'there is no limit unless one is set' } : { at, value: seconds }
    },
  }
}

export function code(text: string): string {
  return `\`${text}\``
}

/** The bound of a core dump. */
export function coreSize(note: string): Directive {
  return {
    name: 'rlimit_core',
    here: '`process.limits.coreSize`',
    note,
    take: ({ value }) =>
      /^\d+$/.test(value)
        ? { at: ['process', 'limits', 'coreSize'], value: Number(value) }
        : { anyway: 'as the gateway has it' },
  }
}
