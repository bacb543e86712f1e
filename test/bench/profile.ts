// Where the CPU time of a profiled process went.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

/** Options of Node.js that write a profile into the folder when the process ends. */
export function profiling(folder: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
}

/** Two lists, as lines: the functions that took the most time themselves, and those of the program with what Node.js did for them. */
export function topFunctions(file: string, count: number): string {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const owners = ownersOf(profile.nodes)
  const alone = new Map<string, number>()
  const owned = new Map<string, number>()
  let busy = 0
  for (const [index, id] of profile.samples.entries()) {
    const node = nodes.get(id)!
    if (node.callFrame.functionName === '(idle)') continue
    const time = profile.timeDeltas[index]!
    busy += time
    add(alone, nameOf(node), time)
    add(owned, owners.has(id) ? nameOf(owners.get(id)!) : 'Node.js by itself', time)
  }
  return [
    'Functions, without what they call:',
    ...longest(alone, busy, count),
    '',
    'Functions of the program, with what they have Node.js do:',
    ...longest(owned, busy, count),
    '',
  ].join('\n')
}

/** For each node the nearest one at or above it that is a file of the program. */
function ownersOf(nodes: readonly ProfileNode[]): Map<number, ProfileNode> {
  const owners = new Map<number, ProfileNode>()
  // a node stands before its children
  for (const node of nodes) {
    if (node.callFrame.url.startsWith('file:')) owners.set(node.id, node)
    const owner = owners.get(node.id)
    if (owner) for (const child of node.children ?? []) owners.set(child, owner)
  }
  return owners
}

function longest(times: ReadonlyMap<string, number>, all: number, count: number): string[] {
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => `${((time / all) * 100).toFixed(1).padStart(5)} %  ${name}`)
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time)
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name
  return `${name}  ${url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url}:${lineNumber + 1}`
}
