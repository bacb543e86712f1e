// One pool of php-fpm, and what becomes of it: a mount, and the listener that has its address.
import { join } from 'node:path'
import type { FpmSection, FpmSetting } from './lines.ts'

/** What becomes of a setting. */
export type Fate =
  /** The same here. `at`: its place in the mount. */
  | {
      readonly at: readonly string[]
      readonly value: unknown
      readonly note?: string | undefined
      readonly changed?: true
    }
  /** Of the listener of the pool. */
  | { readonly listener: string; readonly value: unknown; readonly note?: string | undefined; readonly changed?: true }
  /** Of the gateway as a whole. */
  | {
      readonly gateway: readonly string[]
      readonly value: unknown
      readonly note?: string | undefined
      readonly changed?: true
    }
  /** Said by other settings, or always so. */
  | { readonly anyway: string; readonly at?: readonly string[] }
  | { readonly left: string }

/** A pool as it was written. */
export class Pool {
  readonly section: FpmSection
  /** The last of each name. */
  readonly settings = new Map<string, FpmSetting>()
  readonly #counting = new Map<string, FpmSetting>()
  readonly mount: Record<string, unknown> = {}
  readonly listener: Record<string, unknown> = {}

  constructor(section: FpmSection) {
    this.section = section
  }

  get name(): string {
    return this.section.name
  }

  add(setting: FpmSetting): void {
    this.settings.set(setting.name, setting)
    this.#counting.set(`${setting.name}[${setting.key ?? ''}]`, setting)
  }

  /** The line that counts of those with its name and key: the last one. */
  counting({ name, key = '' }: FpmSetting): FpmSetting | undefined {
    return this.#counting.get(`${name}[${key}]`)
  }

  /** As it is written, or php-fpm's default. */
  value(name: string): string | undefined {
    return this.settings.get(name)?.value
  }

  number(name: string): number | undefined {
    const value = this.value(name)
    return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value)
  }

  /** A path as php-fpm takes it; undefined where that depends on how it was built. */
  path(value: string): string | undefined {
    if (value.startsWith('/')) return value
    const prefix = this.value('prefix')
    return prefix === undefined ? undefined : join(prefix, value)
  }
}
