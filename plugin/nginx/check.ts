// Has nginx read the config (`nginx -t`), as a complete file in a folder of its own; nothing is started or changed.
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

/** `nginx -t` reads files and resolves names; a name server that does not answer takes longest. */
const CHECK_TIMEOUT_MS = 20_000

/** Runs `nginx -t` on the complete config for `input`. `program`: the nginx to ask. */
export async function check(
  input: PlugInput,
  options: PlugOptions = {},
  program: string = 'nginx',
): Promise<PlugCheck> {
  const config = render(input, { ...options, full: true })
  const folder = await mkdtemp(join(tmpdir(), 'sidegate-nginx-'))
  try {
    await chmod(folder, 0o755)
    const file = join(folder, 'nginx.conf')
    await writeFile(file, config)
    return await test(program, file, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function test(program: string, file: string, folder: string): Promise<PlugCheck> {
  // Daemons' folders are often missing from the PATH of people.
  const PATH = [process.env.PATH ?? '', '/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin'].join(delimiter)
  // A pid file and an error log of its own: the running nginx and its folders are left alone.
  const directives = `pid ${folder}/nginx.pid; error_log stderr;`
  return new Promise((resolve) => {
    const child = spawn(program, ['-t', '-p', folder, '-c', file, '-g', directives], {
      env: { ...process.env, PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: CHECK_TIMEOUT_MS,
    })
    let output = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'nginx is not installed on this machine' : `nginx does not start: ${error.message}`
      resolve({ result: 'missing', message: `${why}; the config was not checked` })
    })
    child.on('close', (code, signal) => {
      const message = signal ? `nginx -t did not end within ${CHECK_TIMEOUT_MS / 1000} s` : clean(output, file)
      resolve({ result: code === 0 ? 'ok' : 'bad', message })
    })
  })
}

/** nginx's words without the temporary path, time stamps and process numbers. */
function clean(output: string, file: string): string {
  return (
    output
      .replaceAll(file, 'nginx.conf')
      .replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: /gm, 'nginx: $1 ')
      .split('\n')
      // Said twice, once per log.
      .filter((line, index, lines) => line !== '' && lines.indexOf(line) === index)
      .join('\n')
  )
}
