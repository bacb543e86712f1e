// Runs before each test file, and notes each documented error code that is really raised while the file runs: by an error that the sources
// make in this process, in a record of a log of this process, and in what a command prints that was started from it. That a test
// names a code, or makes such an error itself, does not count. reporter.ts puts the notes of all files together.
import { ChildProcess } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { inject } from 'vitest'
import { SidegateError } from '../../sidecar/errors.ts'
import { Log } from '../../sidecar/log.ts'
import { documentedCodes } from './documented.ts'

// Files that share a process run it once each: the first stays.
const begun = Symbol.for('sidegate.codes')

/** Nothing where other reporters were asked for on the command line: then nobody wants to know. */
const folder = inject('notedCodes')
const missing = new Set(folder === undefined ? [] : documentedCodes())

function note(code: string | undefined): void {
  if (code !== undefined && missing.delete(code)) appendFileSync(join(folder!, String(process.pid)), `${code}\n`)
}

// The constructor sets the name, and the code a line later. No more than the last error is kept: tests measure memory.
let last: SidegateError | undefined
function keep(error: SidegateError): void {
  if (missing.size === 0) return
  if (last) look()
  else queueMicrotask(look)
  last = error
}
function look(): void {
  if (last && missing.has(last.code) && madeBySources(last.stack)) note(last.code)
  last = undefined
}

/** True when the caller of the constructor is one of the sources, and no test. */
function madeBySources(stack = ''): boolean {
  const caller = stack.split('\n').find((line) => /^\s+at (?!new \w+Error )/.test(line))
  return caller !== undefined && /\/(?:sidecar|plugin)\//.test(caller) && !caller.includes('.test.ts')
}

/** Longer than any code: as much is kept of what came, in case a code came in two pieces. */
const KEPT = 64

function listen(stream: Readable | null | undefined): void {
  if (!stream) return
  const push = stream.push
  let rest = ''
  stream.push = function (chunk: unknown, encoding?: BufferEncoding) {
    if (chunk !== null && missing.size > 0) {
      const text = rest + (chunk instanceof Uint8Array ? Buffer.from(chunk).toString('latin1') : String(chunk))
      for (const [code] of text.matchAll(/\b[A-Z][A-Z_]+\b/g)) note(code)
      rest = text.slice(-KEPT)
    }
    return push.call(this, chunk, encoding)
  }
}

interface Spawning {
  spawn(this: ChildProcess, options: unknown): unknown
}

function watchErrors(): void {
  Object.defineProperty(SidegateError.prototype, 'name', {
    configurable: true,
    set(this: SidegateError, value: string) {
      Object.defineProperty(this, 'name', { value, configurable: true, enumerable: true, writable: true })
      keep(this)
    },
  })
}

function watchLogs(): void {
  for (const level of ['info', 'warn', 'error'] as const) {
    const write = Log.prototype[level]
    Log.prototype[level] = function (message, fields) {
      note(fields?.code)
      write.call(this, message, fields)
    }
  }
  const access = Log.prototype.access
  Log.prototype.access = function (record) {
    note(record.code)
    access.call(this, record)
  }
}

function watchCommands(): void {
  const prototype = ChildProcess.prototype as unknown as Spawning
  const { spawn } = prototype
  prototype.spawn = function (options) {
    const result = spawn.call(this, options)
    listen(this.stdout)
    listen(this.stderr)
    return result
  }
}

if (!Object.hasOwn(SidegateError.prototype, begun)) {
  Object.defineProperty(SidegateError.prototype, begun, { value: true })
  watchErrors()
  watchLogs()
  watchCommands()
}
