// What becomes of one option of uWSGI: the row of a table that the importer works by and docs/migrate-uwsgi.md is made from.
import { WORKERS_MAX } from '../../quantity.ts'
import type { Instance } from './instance.ts'
import { isOn, numberIn, type UwsgiOption } from './option.ts'

/** A place in the configuration. `app` in front stands for the mounts of the apps, `unix` for the listeners on Unix sockets. */
export type Target = readonly (string | number)[]

/** What became of one option. */
export type Verdict =
  | { readonly outcome: 'carried'; readonly to?: Target | undefined; readonly note?: string | undefined }
  | { readonly outcome: 'changed'; readonly to?: Target | undefined; readonly note: string }
  | { readonly outcome: 'left'; readonly note: string }

/** One row. */
export interface Rule {
  /** The names of the option, the most usual one first. */
  readonly names: readonly string[]
  /** What it is here, or what to do instead: Markdown. */
  readonly here: string
  /** It is one without a value on a command line. */
  readonly isSwitch?: boolean
  /** Undefined: it is not carried over, and `here` says why. */
  readonly take?: (option: UwsgiOption, instance: Instance) => Verdict
}

/** It means the same. */
export const carried = (to?: Target, note?: string): Verdict => ({ outcome: 'carried', to, note })
/** It is another thing. */
export const changed = (note: string, to?: Target): Verdict => ({ outcome: 'changed', to, note })
/** There is nothing like it. */
export const left = (note: string): Verdict => ({ outcome: 'left', note })

/** Of an option that uWSGI has once, the last one counts. */
export const overridden: Verdict = left('a later line says otherwise, which counts')

/** A text for tables as one for reports. */
export function plain(markdown: string): string {
  return markdown.replaceAll('`', '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
}

/** A switch for what is always so here. @param otherwise what it means that it is off */
export function always(names: readonly string[], here: string, otherwise = 'here it is never off'): Rule {
  return {
    names,
    here,
    isSwitch: true,
    take: (option) => (isOn(option) ? carried(undefined, plain(here)) : changed(otherwise)),
  }
}

/** An option with a value that nothing here needs. */
export function needless(names: readonly string[], here: string, isSwitch = false): Rule {
  return { names, here, isSwitch, take: () => carried(undefined, plain(here)) }
}

/** Refused, with the alternative. */
export function refused(names: readonly string[], here: string, isSwitch = false): Rule {
  return { names, here, isSwitch }
}

/** What a number becomes. */
export interface Counted {
  /** A setting of the apps, such as `recycle.requests`. */
  readonly setting: string
  /** Of the number of uWSGI one is so many here. */
  readonly factor?: number
  readonly least?: number
  readonly most?: number
  /** What is different about it. */
  readonly note?: string
}

/** A number that is a setting of the apps; 0 is off. */
export function counted(names: readonly string[], here: string, about: Counted): Rule {
  const { setting, factor = 1, least = 1, most = WORKERS_MAX, note } = about
  return {
    names,
    here,
    take(option, instance) {
      if (instance.last(...names) !== option) return overridden
      const number = numberIn(option)
      if (number === undefined) return left(`${JSON.stringify(option.value)} is no number`)
      if (number <= 0) return carried(undefined, 'it is off')
      const wanted = number * factor
      const value = Math.min(most, Math.max(least, wanted))
      instance.set(setting, value)
      const to: Target = ['app', ...setting.split('.')]
      if (value !== wanted) return changed(`here it is from ${least} to ${most}`, to)
      return carried(to, note)
    },
  }
}
