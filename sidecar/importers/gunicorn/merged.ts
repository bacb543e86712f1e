// The values of several sources, the later over the earlier: the defaults, the file, GUNICORN_CMD_ARGS, the command line (gunicorn.app.base).
import type { ImportReport } from '../report.ts'
import type { Given } from './given.ts'

/** What counts of each setting. Each is taken by the part that knows what it is here. */
export class Merged {
  readonly #given = new Map<string, Given>()
  readonly #taken = new Set<string>()

  /** @param sources the one that counts most is the last. What does not count is told. */
  constructor(sources: readonly (readonly Given[])[], report: ImportReport) {
    for (const one of sources.flat()) {
      const { name } = one.setting
      const before = this.#given.get(name)
      if (before) report.left(before.place, before.written, `${one.place} says otherwise, which counts`)
      this.#given.set(name, one)
    }
    for (const [name, { value, place, written }] of this.#given) {
      if (value !== undefined) continue
      report.left(place, written, 'that is as if it were not set')
      this.#given.delete(name)
    }
  }

  /** One that is set. */
  take(name: string): Given | undefined {
    this.#taken.add(name)
    return this.#given.get(name)
  }

  /** Its value. The kind of a setting says what it is: a wrong type is a mistake of the importer. */
  number(name: string): number | undefined {
    return this.take(name)?.value as number | undefined
  }

  text(name: string): string | undefined {
    return this.take(name)?.value as string | undefined
  }

  flag(name: string): boolean {
    return this.take(name)?.value === true
  }

  list(name: string): readonly string[] | undefined {
    return this.take(name)?.value as readonly string[] | undefined
  }

  /** What nobody took. */
  rest(): Given[] {
    return [...this.#given.values()].filter(({ setting }) => !this.#taken.has(setting.name))
  }
}
