// A server that is started beside Sidegate.
import { spawn, type ChildProcess } from 'node:child_process'
import { accepts, stopProcess, until } from '../harness.ts'

/** One that runs. */
export interface Started {
  readonly child: ChildProcess
  /** What it has printed so far. */
  said(): string
}

const START_MS = 60_000

/**
 * Starts a command, and waits until somebody accepts connections on `port` of 127.0.0.1.
 * @throws {Error} where it does not come so far, with what it printed
 */
export async function start(words: readonly string[], port: number, cwd?: string): Promise<Started> {
  const [program = '', ...rest] = words
  const child = spawn(program, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  child.on('error', (error) => (said += error.message))
  const line = words.join(' ')
  try {
    await until(
      `${line} listens`,
      () => {
        if (child.exitCode !== null) throw new Error(`${line} has ended`)
        return accepts(`127.0.0.1:${port}`)
      },
      START_MS,
    )
    return { child, said: () => said }
  } catch (error) {
    await stopProcess(child)
    throw new Error(`${(error as Error).message}\n${said.slice(-4000)}`, { cause: error })
  }
}
