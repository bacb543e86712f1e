// The start of a process, which never throws: what the system says against it is an `error` of the child in each case. Node.js throws some of
// it, the want of memory among it, and whoever starts a process after a pause has nobody to catch that.
import { ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { sizeOf } from './variable-size.ts'

/** As spawn of Node.js. What could not be started has no `pid`, and may have no streams. */
export function startChild(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(file, args, options)
  } catch (error) {
    const none = new ChildProcess()
    process.nextTick(() => none.emit('error', refusal(error, options.env)))
    return none
  }
}

/** What the system has said, where that says too little in words of its own. */
export function refusal(error: unknown, env: NodeJS.ProcessEnv = process.env): NodeJS.ErrnoException {
  const refused = error as NodeJS.ErrnoException
  if (refused.code === 'E2BIG') refused.message = tooLarge(env)
  return refused
}

/** Why a program with this environment is not started (E2BIG). */
function tooLarge(env: NodeJS.ProcessEnv): string {
  const sizes = Object.entries(env).map(([name, text = '']) => ({ name, size: sizeOf(name, text) }))
  const all = Math.ceil(sizes.reduce((sum, { size }) => sum + size, 0) / 1024)
  const longest = sizes.toSorted((a, b) => b.size - a.size).slice(0, 3)
  return `its environment takes ${all} KB, more than the system lets a program have: the longest are ${longest.map(({ name }) => name).join(', ')}`
}
