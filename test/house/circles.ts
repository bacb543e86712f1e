// Circles of imports.
import type { Import } from './imports.ts'

/** Groups of files that each reach each other, by Tarjan's algorithm for strongly connected components; none is right. */
export function circles(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(imports, ({ from }) => from)
  const numbers = new Map<string, number>()
  const lowest = new Map<string, number>()
  const path: string[] = []
  const found: string[][] = []
  const visit = (file: string): void => {
    const number = numbers.size
    numbers.set(file, number)
    lowest.set(file, number)
    path.push(file)
    for (const { to } of next.get(file) ?? []) {
      if (!numbers.has(to)) visit(to)
      if (path.includes(to)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(to)!))
    }
    if (lowest.get(file) !== number) return
    const group = path.splice(path.indexOf(file))
    if (group.length > 1) found.push(group.toSorted())
  }
  for (const file of next.keys()) if (!numbers.has(file)) visit(file)
  return found
}
