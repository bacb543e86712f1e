// Real web servers that run CGI programs: Apache with mod_cgid, lighttpd with mod_cgi. Each in a folder of its own, on a free port.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, freePort, program, stopProcess, temporaryFolder, until } from '../harness.ts'

/** A running web server. */
export interface CgiHost {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** What its error log says so far. */
  log(): string
  stop(): Promise<void>
}

/** Where the modules of Debian's packages are. */
const MODULES = { apache: '/usr/lib/apache2/modules', lighttpd: '/usr/lib/lighttpd' }

/** The hosts that are on this machine. */
export function installed(host: 'apache' | 'lighttpd'): boolean {
  const [name, module] = host === 'apache' ? ['apache2', 'mod_cgid.so'] : ['lighttpd', 'mod_cgi.so']
  return program(name) !== undefined && existsSync(join(MODULES[host], module))
}

/** Starts a host that runs everything in `scripts` below /cgi-bin/. */
export async function startHost(host: 'apache' | 'lighttpd', scripts: string): Promise<CgiHost> {
  const folder = temporaryFolder()
  const port = await freePort()
  const config = join(folder.path, 'host.conf')
  const log = join(folder.path, 'error.log')
  writeFileSync(config, host === 'apache' ? apache(folder.path, scripts, port) : lighttpd(folder.path, scripts, port))
  const args = host === 'apache' ? ['-D', 'FOREGROUND', '-f', config] : ['-D', '-f', config]
  const child: ChildProcess = spawn(program(host === 'apache' ? 'apache2' : 'lighttpd')!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  const text = (): string => said + (existsSync(log) ? readFileSync(log, 'utf8') : '')
  const address = `127.0.0.1:${port}`
  await until(`${host} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${host} ended at once:\n${text()}`)
    return accepts(address)
  })
  return {
    address,
    log: text,
    async stop() {
      await stopProcess(child)
      folder.remove()
    },
  }
}

function apache(folder: string, scripts: string, port: number): string {
  const modules = ['mpm_event', 'authz_core', 'alias', 'cgid'].map(
    (name) => `LoadModule ${name}_module ${join(MODULES.apache, `mod_${name}.so`)}`,
  )
  return [
    ...modules,
    `ServerRoot ${folder}`,
    `DefaultRuntimeDir ${folder}`,
    `PidFile ${folder}/pid`,
    `Listen 127.0.0.1:${port}`,
    'ServerName localhost',
    // Apache refuses to be root.
    ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
    `ErrorLog ${folder}/error.log`,
    `DocumentRoot ${folder}`,
    // Apache answers 404 to %2F and merges // unless it is told not to.
    'AllowEncodedSlashes NoDecode',
    'MergeSlashes Off',
    `ScriptAlias /cgi-bin/ ${scripts}/`,
    `ScriptSock ${folder}/cgid.sock`,
    '',
  ].join('\n')
}

function lighttpd(folder: string, scripts: string, port: number): string {
  return [
    `server.document-root = "${folder}"`,
    'server.bind = "127.0.0.1"',
    `server.port = ${port}`,
    `server.errorlog = "${folder}/error.log"`,
    'server.modules = ("mod_alias", "mod_cgi")',
    `alias.url = ("/cgi-bin/" => "${scripts}/")`,
    'server.stream-response-body = 2',
    'cgi.assign = ("" => "")',
    '',
  ].join('\n')
}
