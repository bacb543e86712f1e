// The one nginx in front of every row: a server block each, with the settings that `sidegate plug nginx` writes.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { passing } from '../../plugin/nginx/passing.ts'
import { formatEndpoint } from '../../sidecar/address.ts'
import { accepts, freePort, program, stopProcess, until } from '../harness.ts'
import type { Server } from './server.ts'

/** A running nginx. */
export interface Nginx {
  readonly pid: number
  /** Where it answers for a row. */
  url(server: Server): string
  /** What its error log says so far; empty is as it should be. */
  log(): string
  stop(): Promise<void>
}

/** @throws {Error} when nginx is not installed or does not start. */
export async function startNginx(servers: readonly Server[], folder: string): Promise<Nginx> {
  const file = program('nginx')
  if (!file) throw new Error('nginx is not installed (on Debian: apt-get install nginx-light)')
  const ports = new Map<Server, number>()
  for (const server of servers) ports.set(server, await freePort())
  const own = join(folder, 'nginx')
  mkdirSync(own)
  writeFileSync(join(own, 'nginx.conf'), configOf(ports, own))
  const errorLog = join(own, 'error.log')
  const args = ['-p', own, '-c', join(own, 'nginx.conf'), '-g', `daemon off; error_log ${errorLog};`]
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    await until('nginx listens', () => {
      if (child.exitCode !== null) throw new Error('nginx ended at once; its message is above')
      return accepts(`127.0.0.1:${ports.get(servers[0]!)}`)
    })
  } catch (error) {
    await stopProcess(child)
    throw error
  }
  return {
    pid: child.pid!,
    url: (server) => `http://127.0.0.1:${ports.get(server)}/`,
    log: () => readFileSync(errorLog, 'utf8'),
    stop: () => stopProcess(child),
  }
}

function configOf(ports: ReadonlyMap<Server, number>, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  # wrk's connections and the kept ones to the servers outlive a round
  keepalive_requests 100000000;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  map $http_upgrade $sidegate_connection { default upgrade; "" ""; }
  ${passing('uwsgi', { kind: 'unix', path: '/' }).http.join('\n')}
  ${[...ports].map(([server, port]) => blockOf(server, port)).join('\n')}
}
`
}

function blockOf({ row, endpoint }: Server, port: number): string {
  const way = passing(row.protocol, endpoint)
  const name = row.name.replaceAll('-', '_')
  const pass = { http: `proxy_pass http://${name};`, fastcgi: `fastcgi_pass ${name};`, uwsgi: way.pass, scgi: way.pass }
  const kept = row.protocol === 'http' || row.protocol === 'fastcgi'
  const upstream = `upstream ${name} { server ${formatEndpoint(endpoint)}; keepalive 64; keepalive_requests 100000000; }`
  return `${kept ? upstream : ''}
server {
  listen 127.0.0.1:${port};
  # What the settings below name.
  set $sidegate_user "";
  ${way.settings.join('\n')}
  location / {
    ${row.buffered ? `${way.prefix}_request_buffering on; ${way.prefix}_buffering on;` : ''}
    ${pass[row.protocol]}
  }
}`
}
