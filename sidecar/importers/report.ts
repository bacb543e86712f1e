// What became of each line of a file that was imported: nothing is dropped without a word.
import { visible } from '../line.ts'
import type { ConfigPath } from '../problem.ts'
import { masked } from './secret.ts'

/** What became of one line. */
export type Outcome = 'carried over' | 'changed' | 'not carried over'

/** One line of the file. */
interface Entry {
  /** `FILE:LINE`. */
  readonly place: string
  /** As it was written, without values that may be secrets. */
  readonly written: string
  readonly outcome: Outcome
  /** Where it stands now. */
  readonly to: ConfigPath | undefined
  /** Why, or what is different now. */
  readonly note: string | undefined
}

/** More of a line is not shown. */
const WRITTEN_MAX = 100

/** Collects what became of each line. */
export class ImportReport {
  readonly #entries: Entry[] = []
  readonly #host: string[] = []

  /** It means the same here. @param to its place in the configuration that is written; undefined: it is so without a setting */
  carried(place: string, written: string, to: ConfigPath | undefined, note?: string): void {
    this.#entries.push({ place, written, outcome: 'carried over', to, note })
  }

  /** It is another thing here. @param note what is different */
  changed(place: string, written: string, to: ConfigPath | undefined, note: string): void {
    this.#entries.push({ place, written, outcome: 'changed', to, note })
  }

  /** There is nothing like it here. @param why and what to do instead */
  left(place: string, written: string, why: string): void {
    this.#entries.push({ place, written, outcome: 'not carried over', to: undefined, note: why })
  }

  /** A line of what to set in the web server in front. */
  host(line: string): void {
    this.#host.push(line)
  }

  /** The line that a place of the configuration came from, or one that is near it. */
  placeOf(path: ConfigPath): string | undefined {
    let best: string | undefined
    let most = 0
    for (const { place, to = [] } of this.#entries) {
      const differs = path.findIndex((key, index) => String(key) !== String(to[index]))
      const alike = differs < 0 ? path.length : differs
      if (alike <= most) continue
      best = place
      most = alike
    }
    return best
  }

  /** All of it, for a person who reads it once: a line for each. */
  full(): string {
    const groups: readonly Outcome[] = ['carried over', 'changed', 'not carried over']
    const parts = groups.map((outcome) => {
      const entries = this.#entries.filter((entry) => entry.outcome === outcome)
      return entries.length === 0 ? '' : `${capital(outcome)}\n${entries.map(entryLine).join('')}\n`
    })
    const host =
      this.#host.length === 0 ? '' : `In the web server\n${this.#host.map((line) => `  ${line}\n`).join('')}\n`
    return `${parts.join('')}${host}${this.#counts()}\n`
  }

  /** What has to be known before it serves: what is changed, and what is not carried over. */
  short(): string {
    const told = this.#entries.filter(({ outcome }) => outcome !== 'carried over')
    return `${told.map((entry) => `${entry.place}: ${shown(entry)}: ${entry.outcome}: ${noteOf(entry)}\n`).join('')}${this.#counts()}\n`
  }

  #counts(): string {
    const count = (wanted: Outcome): number => this.#entries.filter(({ outcome }) => outcome === wanted).length
    return `${count('carried over')} carried over, ${count('changed')} changed, ${count('not carried over')} not carried over`
  }
}

function entryLine(entry: Entry): string {
  const { place, to } = entry
  const where = to ? ` → ${to.join('.')}` : ''
  const note = noteOf(entry)
  return `  ${place}: ${shown(entry)}${where}${note === '' ? '' : `: ${note}`}\n`
}

/** One line: what is quoted in it is somebody else's text. */
function noteOf({ note = '' }: Entry): string {
  return visible(masked(note))
}

function shown({ written }: Entry): string {
  const line = visible(masked(written))
  return line.length > WRITTEN_MAX ? `${line.slice(0, WRITTEN_MAX)}…` : line
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}
