// Starts the server under test, for cases about how it starts and stops: the command comes from outside, the app it serves is told by its
// environment how to take its lifespan, and where to write down what happens.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectTo } from './client.ts'

/** Nothing takes longer to start, or to stop, on however busy a machine. */
const PATIENCE_MS = 60_000
const ASK_AGAIN_MS = 50
/** Of what it prints, as much is kept. */
const OUTPUT_MAX = 16_384

/** How an app takes its lifespan: see test/conformance/asgi.py. */
export type Lifespan = 'plain' | 'slow' | 'failed' | 'raises' | 'raises-late' | 'returns' | 'shutdown-failed'

/** A server that was started. */
export interface Started {
  /** What the app has written down, a line each. */
  record(): string[]
  /** The end of what the server has printed. */
  output(): string
  /** True when somebody accepts connections: false when the server has ended before. */
  ready(): Promise<boolean>
  /** Its exit code, null after a signal. @throws {Error} when it does not end by itself within a minute. */
  exited(): Promise<number | null>
  /** Asks it to end, by SIGTERM. */
  terminate(): void
  /** Asks it to end, waits, ends it by force at last; removes what it has written. */
  stop(): Promise<void>
}

/**
 * Runs a command by the shell, which it replaces: signals are for the server itself. Its process group is its own.
 * @param address where the server will listen
 */
export function startServer(command: string, address: string, lifespan: Lifespan): Started {
  const folder = mkdtempSync(join(tmpdir(), 'sidegate-conformance-'))
  const file = join(folder, 'record')
  const env = { ...process.env, CONFORMANCE_LIFESPAN: lifespan, CONFORMANCE_RECORD: file }
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-OUTPUT_MAX)))
  }
  let code: number | null | undefined
  child.on('error', (error) => (output += error.message))
  child.on('close', (ended) => (code = ended))
  const ended = (): boolean => code !== undefined

  return {
    record() {
      try {
        return readFileSync(file, 'utf8').split('\n').slice(0, -1)
      } catch {
        return []
      }
    },
    output: () => output,
    async ready() {
      for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await again()) {
        if (ended()) return false
        if (await accepts(address)) return true
      }
      throw new Error(`nobody accepts connections at ${address} within ${PATIENCE_MS / 1000} s:\n${output}`)
    },
    async exited() {
      if (!(await within(ended))) throw new Error(`the server does not end:\n${output}`)
      return code!
    },
    terminate: () => signal(child.pid!, 'SIGTERM'),
    async stop() {
      if (!ended()) signal(child.pid!, 'SIGTERM')
      // With it, what it has left behind.
      if (!(await within(ended))) signal(-child.pid!, 'SIGKILL')
      await within(ended)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const again = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))

async function within(done: () => boolean): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; !done(); await again()) if (performance.now() > end) return false
  return true
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

function accepts(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(address)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
