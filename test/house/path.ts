// The path of a request, from the bytes of a client to the app and back: the functions that are really passed, seen in the stacks of a
// gateway in this process.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '../../')
const FRAME = /^ +at (?:async )?(?:(?:new )?(\S+)(?: \[as [^\]]+\])? \()?(?:file:\/\/)?([^():]+\.ts):\d+:\d+\)?$/

/** The stack of whoever calls this: functions of the sources, outermost first, as `file function`. */
export function stackHere(): string[] {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  const { stack } = new Error('here')
  Error.stackTraceLimit = limit
  const found: string[] = []
  for (const line of stack!.split('\n').toReversed()) {
    const [, name, file] = FRAME.exec(line) ?? []
    if (name === undefined || !file?.startsWith(root)) continue
    const path = relative(root, file)
    if (path.startsWith('sidecar/') || path.startsWith('plugin/'))
      found.push(`${path} ${name.replace(/^Object\./, '')}`)
  }
  return found
}

/** The stacks of all writes to sockets and pipes while `run` lasts, in their order. */
export async function stacksOfWrites(run: () => Promise<void>): Promise<string[][]> {
  const found: string[][] = []
  const note = (): void => {
    const stack = stackHere()
    if (stack.length > 0) found.push(stack)
  }
  const { write, end } = Socket.prototype
  const { writeSync } = fs
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    note()
    return Reflect.apply(write, this, args) as boolean
  } as typeof write
  Socket.prototype.end = function (this: Socket, ...args: unknown[]) {
    note()
    return Reflect.apply(end, this, args) as Socket
  } as typeof end
  fs.writeSync = ((...args: unknown[]) => {
    note()
    return Reflect.apply(writeSync, fs, args) as number
  }) as typeof writeSync
  syncBuiltinESMExports()
  try {
    await run()
  } finally {
    Object.assign(Socket.prototype, { write, end })
    Object.assign(fs, { writeSync })
    syncBuiltinESMExports()
  }
  return found
}
