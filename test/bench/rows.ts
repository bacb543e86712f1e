// The rows: one line a server, and how each kind is started. Every server runs as its users run it; access logs are off everywhere.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../harness.ts'
import type { SocketEndpoint } from '../../sidecar/address.ts'
import type { Place, Protocol, Row, Started } from './row.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const apps = join(here, 'apps')
// Debian's packages are for Debian's Python; every Python row runs on the same one.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const modules = { hello: 'hello:application', flask: 'flask_hello:application' }

/** Every row, in the order of the table. */
export const rows: readonly Row[] = [
  node('bare-uwsgi', 'bare net server, uwsgi (the limit)', 'uwsgi', 'servers/bare-uwsgi.ts'),
  sidegate('sidegate-uwsgi', 'Sidegate uwsgi → app', 'uwsgi', { app: join(apps, 'hello.ts') }),
  node('node-http', 'node:http', 'http', 'servers/node-http.ts'),
  sidegate('sidegate-http', 'Sidegate HTTP → app', 'http', { app: join(apps, 'hello.ts') }),
  sidegate('sidegate-fastcgi', 'Sidegate FastCGI → app', 'fastcgi', { app: join(apps, 'hello.ts') }),
  sidegate('sidegate-scgi', 'Sidegate SCGI → app', 'scgi', { app: join(apps, 'hello.ts') }),
  sidegate(
    'sidegate-app-workers',
    'Sidegate uwsgi → app in workers',
    'uwsgi',
    inWorkers({ app: join(apps, 'hello.ts') }),
  ),
  sidegate('sidegate-node', 'Sidegate HTTP → Node handler', 'http', { node: join(apps, 'hello-node.ts') }),
  sidegate(
    'sidegate-node-workers',
    'Sidegate HTTP → Node handler in workers',
    'http',
    inWorkers({ node: join(apps, 'hello-node.ts') }),
  ),
  cluster('node-cluster', 'node:cluster'),
  hop('bare-hop', 'bare net server → node:http (the limit of a hop)', false, (name, title, { backendPort }) =>
    node(name, title, 'http', 'servers/bare-hop.ts', String(backendPort)),
  ),
  hop('sidegate-upstream', 'Sidegate HTTP → node:http', true, (name, title, { backendPort }) =>
    sidegate(name, title, 'http', { upstream: `http://127.0.0.1:${backendPort}` }),
  ),
  bareWorkers('bare-workers', 'bare net server → Python workers, hello (the limit)', 'hello'),
  sidegate('sidegate-python', 'Sidegate uwsgi → Python hello', 'uwsgi', pythonMount('hello')),
  sidegate('sidegate-python-fastcgi', 'Sidegate FastCGI → Python hello', 'fastcgi', pythonMount('hello')),
  gunicorn('gunicorn-python', 'gunicorn sync, Python hello', 'hello'),
  uwsgi('uwsgi-python', 'uWSGI, Python hello', 'hello'),
  sidegate('sidegate-flask', 'Sidegate uwsgi → Flask', 'uwsgi', pythonMount('flask')),
  gunicorn('gunicorn-flask', 'gunicorn sync, Flask', 'flask'),
  uwsgi('uwsgi-flask', 'uWSGI, Flask', 'flask'),
]

type App = keyof typeof modules

function node(name: string, title: string, protocol: Protocol, file: string, ...more: string[]): Row {
  return {
    name,
    title,
    protocol,
    latency: true,
    buffered: false,
    ours: false,
    missing: () => undefined,
    start(place) {
      const endpoint = endpointOf(protocol, place)
      const address = endpoint.kind === 'unix' ? endpoint.path : String(endpoint.port)
      return started(endpoint, process.execPath, [...place.nodeOptions, join(here, file), address, ...more])
    },
  }
}

/** As many processes as Python rows have workers. */
function cluster(name: string, title: string): Row {
  const row = node(name, title, 'http', 'servers/node-cluster.ts')
  return {
    ...row,
    start: (place) => node(name, title, 'http', 'servers/node-cluster.ts', String(place.workers)).start(place),
  }
}

/** A mount in as many workers as Python rows have. */
function inWorkers(mount: Record<string, unknown>): Record<string, unknown> {
  return { ...mount, processes: 0 }
}

/** A Sidegate that has one mount. */
export function sidegate(name: string, title: string, protocol: Protocol, mount: Record<string, unknown>): Row {
  const app = mount.python === undefined ? undefined : mount.python === modules.flask ? 'flask' : 'hello'
  return {
    name,
    title,
    protocol,
    latency: app === undefined,
    buffered: app !== undefined,
    ours: true,
    missing: () => (app === undefined ? undefined : missingPython(app)),
    start(place) {
      const endpoint = endpointOf(protocol, place)
      const address = endpoint.kind === 'unix' ? `unix:${endpoint.path}` : `${endpoint.host}:${endpoint.port}`
      const settings =
        app === undefined && mount.processes === undefined ? mount : { ...mount, processes: place.workers }
      const config = { listen: [address], host: 'nginx', mounts: { '/': settings }, log: { access: false } }
      const file = join(place.folder, 'sidegate.config.json')
      writeFileSync(file, JSON.stringify(config))
      return started(endpoint, process.execPath, [
        ...place.nodeOptions,
        place.sidegate,
        'serve',
        '--no-supervise',
        '--config',
        file,
      ])
    },
  }
}

/** What is between nginx and the server of the row `node-http`. Profiles are of what is between. */
function hop(
  name: string,
  title: string,
  ours: boolean,
  between: (name: string, title: string, place: Place) => Row,
): Row {
  const behind = node('', '', 'http', 'servers/node-http.ts')
  return {
    name,
    title,
    protocol: 'http',
    latency: true,
    buffered: false,
    ours,
    missing: () => undefined,
    start(place) {
      const backend = behind.start({ ...place, port: place.backendPort, nodeOptions: [] })
      return { ...between(name, title, place).start(place), backend }
    },
  }
}

function pythonMount(app: App): Record<string, unknown> {
  return { python: modules[app], cwd: apps, interpreter: python }
}

/** What Python workers behind a gateway in Node.js can reach. */
function bareWorkers(name: string, title: string, app: App): Row {
  return behindSocket(name, title, 'uwsgi', app, [], (socket, { nodeOptions, workers }) => {
    const own = [socket, apps, modules[app], python, String(workers)]
    return [process.execPath, ...nodeOptions, join(here, 'servers/bare-workers.ts'), ...own]
  })
}

/** By a Unix socket, which costs it less than TCP: its sync worker closes the connection after each response. */
function gunicorn(name: string, title: string, app: App): Row {
  const missing = [() => missingProgram('gunicorn', 'gunicorn')]
  return behindSocket(name, title, 'http', app, missing, (socket, { workers }) => {
    const options = ['--bind', `unix:${socket}`, '--chdir', apps, '--log-level', 'warning']
    return ['gunicorn', '--worker-class', 'sync', '--workers', String(workers), ...options, modules[app]]
  })
}

function uwsgi(name: string, title: string, app: App): Row {
  const missing = [() => missingProgram('uwsgi', 'uwsgi-core uwsgi-plugin-python3'), missingPlugin]
  return behindSocket(name, title, 'uwsgi', app, missing, (socket, { workers }) => {
    const processes = ['--master', '--processes', String(workers), '--need-app', '--die-on-term']
    const options = ['--plugin', 'python3', '--socket', socket, '--chdir', apps, '--disable-logging']
    return ['uwsgi', ...processes, ...options, '--module', modules[app]]
  })
}

/** Worker processes with a Python app, on a Unix socket. `command` gives the program and its arguments. */
function behindSocket(
  name: string,
  title: string,
  protocol: Protocol,
  app: App,
  missing: readonly (() => string | undefined)[],
  command: (socket: string, place: Place) => [string, ...string[]],
): Row {
  return {
    name,
    title,
    protocol,
    latency: false,
    buffered: true,
    ours: false,
    missing() {
      for (const look of missing) {
        const found = look()
        if (found !== undefined) return found
      }
      return missingPython(app)
    },
    start(place) {
      const path = join(place.folder, 'sock')
      const [file, ...args] = command(path, place)
      return started({ kind: 'unix', path }, file, args)
    },
  }
}

/** What speaks a gateway protocol stands beside nginx, on a Unix socket; HTTP goes by TCP, as Node.js servers are reached. */
function endpointOf(protocol: Protocol, place: Place): SocketEndpoint {
  if (protocol === 'http') return { kind: 'tcp', host: '127.0.0.1', port: place.port }
  return { kind: 'unix', path: join(place.folder, 'sock') }
}

function started(endpoint: SocketEndpoint, file: string, args: readonly string[]): Started {
  const env = { ...process.env, NODE_ENV: 'production' }
  const child: ChildProcess = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  return { endpoint, process: child }
}

function missingProgram(name: string, packages: string): string | undefined {
  return program(name) ? undefined : `${name} is not installed (on Debian: apt-get install ${packages})`
}

function missingPlugin(): string | undefined {
  const { status } = spawnSync('uwsgi', ['--plugin', 'python3', '--version'], { stdio: 'ignore' })
  return status === 0 ? undefined : 'uwsgi has no plugin python3 (on Debian: apt-get install uwsgi-plugin-python3)'
}

function missingPython(app: App): string | undefined {
  if (app === 'hello') return missingProgram('python3', 'python3')
  const { status } = spawnSync(python, ['-c', 'import flask'], { stdio: 'ignore' })
  return status === 0 ? undefined : `${python} has no Flask (on Debian: apt-get install python3-flask)`
}
