// Looks at one app, in each place and by each way.
import { checks as everyCheck } from './checks.ts'
import { Visitor, type Way } from './check.ts'
import type { Framework } from './framework.ts'

/** What came of one check. */
export interface Outcome {
  readonly check: string
  /** Why it failed; undefined where it did not, or where the framework is known to differ there. */
  readonly wrong?: string
  /** What the framework does in its own way. */
  readonly differs?: string
}

/** Makes every check of a framework that there is for a place. */
export async function look(
  { checks = everyCheck, differs = [] }: Pick<Framework, 'checks' | 'differs'>,
  way: Way,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { name, at, by, look: whether } of checks) {
    if ((at ?? way.prefix) !== way.prefix || (by ?? way.protocol) !== way.protocol) continue
    const wrong = await whether(new Visitor(way)).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    const known = differs.find((one) => one.check === name && (one.at ?? way.prefix) === way.prefix)
    if (known && wrong === undefined)
      outcomes.push({ check: name, wrong: `it works, where it is said that it does not: ${known.why}` })
    else if (known) outcomes.push({ check: name, differs: known.why })
    else outcomes.push(wrong === undefined ? { check: name } : { check: name, wrong })
  }
  return outcomes
}
