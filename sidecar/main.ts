#!/usr/bin/env node
// The command `sidegate`: the only file that ends the process. Node.js is looked at before anything else is loaded, so that an old one
// gets a sentence and not a syntax error; this file itself must therefore do with old syntax.
import type { OutputLost, StopSignal, UserSignal } from './cli/command.ts'

// SIGBREAK is Ctrl-Break, and SIGHUP the end of the console, of Windows.
const STOP: readonly StopSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGBREAK']
const USER: readonly UserSignal[] = ['SIGUSR1', 'SIGUSR2']
// Left alone, Node.js answers SIGUSR1 by opening its debugger, through which any user of the machine could run code as this one, and
// SIGUSR2 ends the process. Both come from scripts that rotate logs. Listened to, for as long as the process lives, they do neither.
for (const signal of USER) process.on(signal, () => {})

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

/** How long what was printed last may take to be read, in milliseconds. */
const OUTPUT_TIMEOUT = 2000

/** Listens to signals; gives the way to stop that. Behind it they do nothing: the end of the process is near, and is no other for one more. */
function listen<Signal extends NodeJS.Signals>(
  signals: readonly Signal[],
  listener: (signal: Signal) => void,
): () => void {
  for (const signal of signals) process.on(signal, listener).on(signal, () => {})
  return () => {
    for (const signal of signals) process.off(signal, listener)
  }
}

const words = process.argv.slice(2)
const SIGNALS_BELOW = STOP.filter((signal) => signal !== 'SIGHUP')
const { Echoes } = await import('./supervisor/echoes.ts')
const link = (await import('./supervisor/link.ts')).supervisorLink(process)
if (!link && process.env.npm_command !== undefined && (words[0] === 'serve' || words[0] === 'dev'))
  (await import('./supervisor/launcher.ts')).endWithLauncher()
if (link ? link.supervises : (await import('./supervisor/wanted.ts')).wantsSupervisor(words)) {
  const { supervise } = await import('./supervisor/main.ts')
  process.exit(await supervise(words, link))
}

const { run } = await import('./cli/run.ts').catch((error: Error) => {
  link?.failed(error.message)
  throw error
})
const shutDebugger = process.features.inspector ? (await import('./debugger.ts')).shutDebugger : async () => {}
await shutDebugger()
const code = await run(words, {
  cwd: process.cwd(),
  environment: process.env,
  // Not looked at before it is wanted: a listener may take it for itself.
  get stdin() {
    return process.stdin
  },
  stdout: process.stdout,
  stderr: process.stderr,
  onStopSignal(listener) {
    if (!link) return listen(STOP, listener)
    // A reload is the supervisor's, also when the signal for it is sent to all processes.
    process.on('SIGHUP', () => {})
    const echoes = new Echoes()
    // What finishes because another one serves is not cut by the first signal either.
    void link.succeeded.then(() => echoes.again('supervisor'))
    const by = (way: string) => (signal: StopSignal) => {
      if (!echoes.again(way)) listener(signal)
    }
    const ends = [listen(SIGNALS_BELOW, by('system')), link.onStop(by('supervisor'))]
    return () => ends.forEach((end) => end())
  },
  supervised: link,
  onUserSignal: (listener) => listen(USER, listener),
  beforeApps: shutDebugger,
  onOutputLost(listener) {
    lost.push(listener)
  },
})
// What a pipe does not take at once is written later; but not for a reader that has stopped to read.
const written = [process.stdout, process.stderr].map(
  (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
)
await Promise.race([Promise.all(written), new Promise((resolve) => setTimeout(resolve, OUTPUT_TIMEOUT))])
process.exit(code)
