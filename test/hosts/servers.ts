// The real web servers, each started in the foreground with a shipped config: on a free port, in a folder of its own, stopped by its
// process id. What it writes into its error log is part of the result.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, freePort, nginx, PATH, program, stopProcess, temporaryFolder, until } from '../harness.ts'

/** What to start a web server with. */
export interface ServerOptions {
  /** A complete config, as shipped; it listens on port 8080 there. */
  readonly config: string
  /** Texts in the config, and what stands there in the test: socket paths, folders. */
  readonly replace?: Readonly<Record<string, string>>
}

/** A running web server. */
export interface Server {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Stops it, and throws when its error log has a line that `allowed` does not fit. */
  stop(allowed?: readonly RegExp[]): Promise<void>
}

interface Kind {
  readonly program: string
  /** What the config file is called. */
  readonly file: string
  /** The config on another port, of the loopback address only. */
  local(config: string, port: number): string
  arguments(file: string, folder: string): string[]
  readonly signal: NodeJS.Signals
  /** Lines of standard error or of error.log that the server thinks are errors. */
  readonly complaint: RegExp
  /** Prints the version. */
  readonly version: readonly string[]
}

const kinds: Readonly<Record<string, Kind>> = {
  apache: {
    program: 'apache2',
    file: 'httpd.conf',
    local: (config, port) => config.replace('Listen 8080', `Listen 127.0.0.1:${port}`).replace('*:8080', `*:${port}`),
    arguments: (file, folder) => {
      const own = [`DefaultRuntimeDir ${folder}`, `PidFile ${folder}/pid`, `ErrorLog ${folder}/error.log`]
      return ['-DFOREGROUND', '-d', folder, '-f', file, ...own.flatMap((line) => ['-c', line])]
    },
    signal: 'SIGTERM',
    complaint: /\[\w*:(?:warn|error|crit|alert|emerg)\]/,
    version: ['-v'],
  },
  lighttpd: {
    program: 'lighttpd',
    file: 'lighttpd.conf',
    local: (config, port) => config.replace('server.port = 8080', `server.port = ${port}\nserver.bind = "127.0.0.1"`),
    arguments: (file) => ['-D', '-f', file],
    signal: 'SIGINT',
    complaint: /^\d{4}-(?!.*(?:server (?:started|stopped)|graceful shutdown))/,
    version: ['-v'],
  },
  haproxy: {
    program: 'haproxy',
    file: 'haproxy.cfg',
    local: (config, port) => config.replace('bind :8080', `bind 127.0.0.1:${port}`),
    arguments: (file) => ['-db', '-f', file],
    signal: 'SIGTERM',
    complaint: /\[(?:WARNING|ALERT)\]|<\d>/,
    version: ['-v'],
  },
  caddy: {
    program: 'caddy',
    file: 'Caddyfile',
    local: (config, port) => config.replace(':8080 {', `:${port} {\n\tbind 127.0.0.1`),
    arguments: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
    signal: 'SIGTERM',
    complaint: /"level":"(?:error|fatal)"|input is not formatted/,
    version: ['version'],
  },
}

/** True when the web server is on this machine. */
export function installed(host: string): boolean {
  return program(kinds[host]?.program ?? host) !== undefined
}

/** Its version, as it says. */
export function versionOf(host: string): string {
  const kind = kinds[host] ?? { program: host, version: ['-v'] }
  const { stdout, stderr } = spawnSync(kind.program, kind.version, { encoding: 'utf8', env: { ...process.env, PATH } })
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown'
}

/** Starts the real web server with a shipped config. */
export async function startServer(host: string, options: ServerOptions): Promise<Server> {
  if (host === 'nginx') return nginx(options)
  const kind = kinds[host]
  const file = kind && program(kind.program)
  if (!file) throw new Error(`${host} is not installed`)
  const folder = temporaryFolder()
  const port = await freePort()
  let text = kind.local(options.config, port)
  for (const [from, to] of Object.entries(options.replace ?? {})) {
    if (!text.includes(from)) throw new Error(`the config does not contain ${from}`)
    text = text.replaceAll(from, to)
  }
  const config = join(folder.path, kind.file)
  writeFileSync(config, text)
  mkdirSync(join(folder.path, 'home'))
  const child = spawn(file, kind.arguments(config, folder.path), {
    env: { ...process.env, HOME: join(folder.path, 'home') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  const address = `127.0.0.1:${port}`
  await until(`${host} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${host} ended at once:\n${said}`)
    return accepts(address)
  })
  return {
    address,
    async stop(allowed = []) {
      await stopProcess(child, kind.signal)
      const log = join(folder.path, 'error.log')
      const lines = (said + (existsSync(log) ? readFileSync(log, 'utf8') : ''))
        .split('\n')
        .filter((line) => kind.complaint.test(line) && !allowed.some((pattern) => pattern.test(line)))
      folder.remove()
      if (lines.length > 0) throw new Error(`${host} complained:\n${lines.join('\n')}`)
    },
  }
}
