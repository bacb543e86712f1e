// Has a host read a config, as a complete file in a folder of its own; nothing is started or changed.
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { PlugCheck } from './host.ts'

/** A checker reads files and resolves names; a name server that does not answer takes longest. */
const CHECK_TIMEOUT_MS = 20_000

/** How a host is asked. */
export interface Checker {
  /** For people. */
  readonly label: string
  /** The program to run. */
  readonly program: string
  /** What the config file is called: some hosts know the format by it. */
  readonly file: string
  /** The arguments. `folder` is for what the host insists on writing. */
  arguments(file: string, folder: string): string[]
  /** Its words without time stamps, process numbers and the like. */
  clean?(output: string): string
}

/** Runs the checker on `config`. */
export async function checkWith(checker: Checker, config: string): Promise<PlugCheck> {
  const folder = await mkdtemp(join(tmpdir(), `sidegate-${checker.program}-`))
  try {
    await chmod(folder, 0o755)
    const file = join(folder, checker.file)
    await writeFile(file, config)
    return await run(checker, file, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run(checker: Checker, file: string, folder: string): Promise<PlugCheck> {
  const { label, program } = checker
  // Daemons' folders are often missing from the PATH of people.
  const PATH = [process.env.PATH ?? '', '/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin'].join(delimiter)
  const options = checker.arguments(file, folder)
  return new Promise((resolve) => {
    const child = spawn(program, options, {
      env: { ...process.env, PATH, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CHECK_TIMEOUT_MS,
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT'
          ? `${label} is not installed on this machine`
          : `${label} does not start: ${error.message}`
      resolve({ result: 'missing', message: `${why}; the config was not checked` })
    })
    child.on('close', (code, signal) => {
      const message = signal
        ? `${label} did not end its check within ${CHECK_TIMEOUT_MS / 1000} s`
        : clean(checker, output, file)
      resolve({ result: code === 0 ? 'ok' : 'bad', message })
    })
  })
}

/** The host's words without the temporary path, each once. */
function clean(checker: Checker, output: string, file: string): string {
  const words = output.replaceAll(file, checker.file)
  return (
    (checker.clean?.(words) ?? words)
      .split('\n')
      // Said twice, once per log.
      .filter((line, index, lines) => line !== '' && lines.indexOf(line) === index)
      .join('\n')
  )
}
