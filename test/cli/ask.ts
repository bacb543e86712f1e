// Runs a command that asks a Sidegate in this process: what it prints, without the time that the start of a process takes.
import { Writable } from 'node:stream'
import type { Context } from '../../sidecar/cli/command.ts'
import { run } from '../../sidecar/cli/run.ts'
import type { Ended } from './sidegate.ts'

/** A stream that keeps what it gets. */
class Kept extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** @param words what follows `sidegate` */
export async function ask(
  words: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Ended> {
  const [stdout, stderr] = [new Kept(), new Kept()]
  const context: Context = {
    cwd,
    environment,
    stdin: (async function* () {})(),
    stdout,
    stderr,
    onStopSignal: () => () => {},
    onUserSignal: () => () => {},
    beforeApps: async () => {},
    onOutputLost: () => {},
  }
  const code = await run(words, context)
  return { code, out: stdout.text, err: stderr.text }
}
