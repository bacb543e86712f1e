// The Docker engine that answers `docker info`, and the compose command that goes with it.
import { spawn } from 'node:child_process'

// Asking an engine for its name takes no time; one that hangs is none.
const ASK_MS = 20_000

/** What a command gave. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** How to run a command. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly milliseconds: number
}

/** Runs a command to its end. A command that is missing or takes too long has the code null, and says so on stderr. */
export function run(words: readonly string[], { cwd, env, milliseconds }: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const [file, ...args] = words
    const child = spawn(file!, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: milliseconds,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece))
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece))
    child.on('error', (error) => (stderr += error.message))
    child.on('close', (code, signal) => {
      if (signal) stderr += `\n${words.join(' ')}: not within ${milliseconds / 1000} s`
      resolve({ code, stdout, stderr })
    })
  })
}

/** The command for compose files (`docker compose`, or `docker-compose` where only that is there), or why there is none. */
export async function findCompose(): Promise<{ command: readonly string[] } | { missing: string }> {
  const info = await run(['docker', 'info', '--format', '{{.ServerVersion}}'], { milliseconds: ASK_MS })
  if (info.code !== 0) {
    return { missing: `no Docker engine answers \`docker info\` (${info.stderr.trim().split('\n')[0]})` }
  }
  for (const command of [['docker', 'compose'], ['docker-compose']]) {
    const { code } = await run([...command, 'version'], { milliseconds: ASK_MS })
    if (code === 0) return { command }
  }
  return { missing: 'neither `docker compose` nor `docker-compose` is there' }
}
