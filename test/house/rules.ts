// The plan of the house as rules of the linter: no-restricted-imports reads what an import says, so there is a rule for each folder.
import { dirname, relative } from 'node:path'
import type { Room } from './plan.ts'
import { roomOf } from './plan.ts'

/** What the files of one folder that stand in one room must not import. */
export interface Restriction {
  readonly files: readonly string[]
  readonly patterns: readonly { readonly group: string[]; readonly message: string }[]
}

/** The restrictions of all `sources`; paths from the top of the project. */
export function restrictions(sources: readonly string[], rooms: readonly Room[]): Restriction[] {
  const groups = Map.groupBy(sources, (file) => `${dirname(file)} ${roomOf(file, rooms)?.name}`)
  return [...groups.values()].flatMap((files) => {
    const room = roomOf(files[0]!, rooms)
    if (!room) return []
    const patterns = rooms
      .filter((other) => other !== room && !room.uses.includes(other.name))
      .map((other) => ({
        group: sources
          .filter((file) => roomOf(file, rooms) === other)
          .map((file) => specifier(dirname(files[0]!), file)),
        message: `${room.name} does not use ${other.name}: see docs/architecture.md.`,
      }))
    return [{ files, patterns }]
  })
}

function specifier(folder: string, file: string): string {
  const path = relative(folder, file)
  return path.startsWith('.') ? path : `./${path}`
}
