#!/usr/bin/env node
// The command `sidegate`: the only file that ends the process. Node.js is looked at before anything else is loaded, so that an old one
// gets a sentence and not a syntax error; this file itself must therefore do with old syntax.
import type { OutputLost } from './cli/command.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `sidegate: Node.js 22.19 or newer is needed, this is ${process.versions.node} (${process.execPath})\n`,
  )
  process.exit(1)
}

const lost: OutputLost[] = []
for (const name of ['stdout', 'stderr'] as const) {
  process[name].on('error', (error: NodeJS.ErrnoException) => {
    for (const listener of lost) listener(name, error)
    // Whoever reads the output may stop, as `head` does.
    if (lost.length === 0 && name === 'stdout') process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
}

const { run } = await import('./cli/run.ts')
const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal(listener) {
    const signals = ['SIGTERM', 'SIGINT'] as const
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  },
  onOutputLost(listener) {
    lost.push(listener)
  },
})
// A pipe takes what is written at once on Unix, and later on Windows.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
process.exit(code)
