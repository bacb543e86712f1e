// What the house looks like: who imports from which room, where imports go round in circles, and which files are long.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { circles } from './circles.ts'
import { readImports, sources } from './imports.ts'
import { roomOf, strays, unused, upwards, type Room } from './plan.ts'

/** Lines, without comments and empty ones, from which on a file needs an argument: as the linter counts. */
const LONG = 300
const EMPTY = /^\s*(?:\/\/.*|\/?\*.*)?$/

/** The report on the product below `root`, and how many faults it tells of. */
export function report(root: string, rooms: readonly Room[]): { text: string; faults: number } {
  const imports = readImports(root)
  const round = circles(imports)
  const stray = strays(imports, rooms)
  const idle = unused(imports, rooms)
  const up = upwards(rooms)
  const files = sources(root)
  const lines = rooms.map((room) => {
    const own = files.filter((file) => roomOf(file, rooms) === room)
    const used = rooms.flatMap((other) => {
      const count = imports.filter((one) => roomOf(one.from, rooms) === room && roomOf(one.to, rooms) === other).length
      return other === room || count === 0 ? [] : [`${other.name} ${count}`]
    })
    return `${room.name} (${own.length} ${own.length === 1 ? 'file' : 'files'}) → ${used.join(', ') || 'nobody'}`
  })
  const long = files
    .map((file) => ({
      file,
      count: readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => !EMPTY.test(line)).length,
    }))
    .filter(({ count }) => count > LONG)
  const text = [
    'Imports, types included, by room:',
    ...lines.map((line) => `  ${line}`),
    `Imports that the plan does not allow: ${stray.length}`,
    ...stray.map(({ from, to }) => `  ${from} → ${to}`),
    `Ways that the plan allows and nobody goes: ${idle.length}`,
    ...idle.map((way) => `  ${way}`),
    `Ways that go up: ${up.length}`,
    ...up.map((way) => `  ${way}`),
    `Circles: ${round.length}`,
    ...round.map((group) => `  ${group.join(' ⇄ ')}`),
    `Files over ${LONG} lines: ${long.length}`,
    ...long.map(({ file, count }) => `  ${file}: ${count}`),
  ]
  return { text: `${text.join('\n')}\n`, faults: stray.length + idle.length + up.length + round.length + long.length }
}
