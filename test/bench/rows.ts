// The rows: one line a server, and how each kind is started. Every server runs as its users run it; access logs are off everywhere.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { missingPeer, missingPlugin, peer, python, uwsgiPython } from './peers.ts'
import type { Place, Protocol, Row, Started } from './row.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const apps = join(here, 'apps')

const modules = {
  hello: 'hello:application',
  flask: 'flask_hello:application',
  slow: 'slow:application',
  asgi: 'hello_asgi:app',
  starlette: 'starlette_hello:app',
}

/** Of the rows with several gateways, which share the workers of the mount among them. */
const GATEWAYS = 2

/** Of the rows with a slow app. */
const THREADS = 4

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
  apart(
    sidegate('sidegate-python-gateways', 'two gateways, uwsgi → Python hello', 'uwsgi', pythonMount('hello'), GATEWAYS),
  ),
  apart(sidegate('sidegate-flask-gateways', 'two gateways, uwsgi → Flask', 'uwsgi', pythonMount('flask'), GATEWAYS)),
  sidegate('sidegate-asgi', 'Sidegate HTTP → ASGI hello', 'http', asgiMount('asgi')),
  sidegate('sidegate-asgi-fastcgi', 'Sidegate FastCGI → ASGI hello', 'fastcgi', asgiMount('asgi')),
  uvicorn('uvicorn-asgi', 'uvicorn, ASGI hello', 'asgi'),
  granian('granian-asgi', 'Granian, ASGI hello', 'asgi'),
  sidegate('sidegate-starlette', 'Sidegate HTTP → Starlette', 'http', asgiMount('starlette')),
  sidegate('sidegate-starlette-fastcgi', 'Sidegate FastCGI → Starlette', 'fastcgi', asgiMount('starlette')),
  uvicorn('uvicorn-starlette', 'uvicorn, Starlette', 'starlette'),
  granian('granian-starlette', 'Granian, Starlette', 'starlette'),
  apart(sidegate('sidegate-layer', 'Sidegate HTTP → one layer → app', 'http', layered(1))),
  apart(sidegate('sidegate-layers', 'Sidegate HTTP → five layers → app', 'http', layered(5))),
  apart(sidegate('sidegate-slow', 'Sidegate uwsgi → Python, 10 ms', 'uwsgi', slowMount())),
  apart(uwsgi('uwsgi-slow', 'uWSGI, Python, 10 ms', 'slow')),
  apart(gunicorn('gunicorn-slow', 'gunicorn gthread, Python, 10 ms', 'slow')),
  apart(granian('granian-slow', 'Granian, Python, 10 ms', 'slow')),
]

/** Left out unless it is asked for by name: it says something with many connections only, or of one thing. */
function apart(row: Row): Row {
  return { ...row, apart: true }
}

/** An app behind so many of these layers, all of which see request and response. */
function layered(layers: number): Record<string, unknown> {
  const use = [
    'request-id',
    { headers: { response: { set: { 'X-By': 'sidegate' } } } },
    { variables: { set: { BEHIND: 'layers' } } },
    { cors: ['https://example.com'] },
    { 'proxy-fix': ['127.0.0.1'] },
  ]
  return { app: join(apps, 'hello.ts'), use: use.slice(0, layers) }
}

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
export function sidegate(
  name: string,
  title: string,
  protocol: Protocol,
  mount: Record<string, unknown>,
  gateways = 1,
): Row {
  const app = (Object.keys(modules) as App[]).find((one) => modules[one] === (mount.python ?? mount.asgi))
  return {
    name,
    title,
    protocol,
    latency: app === undefined,
    buffered: app !== undefined,
    ours: true,
    reloads: true,
    missing: () => (app === undefined ? undefined : missingPython(app)),
    start(place) {
      const endpoint = endpointOf(protocol, place, app !== undefined)
      const address = endpoint.kind === 'unix' ? `unix:${endpoint.path}` : `${endpoint.host}:${endpoint.port}`
      const settings =
        app === undefined && mount.processes === undefined ? mount : { ...mount, processes: place.workers }
      const config = {
        listen: [address],
        host: 'nginx',
        mounts: { '/': settings },
        log: { access: false },
        processes: gateways,
      }
      const file = join(place.folder, 'sidegate.config.json')
      writeFileSync(file, JSON.stringify(config))
      return started(endpoint, process.execPath, [
        ...place.nodeOptions,
        place.sidegate,
        'serve',
        place.supervised || gateways > 1 ? '--supervise' : '--no-supervise',
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

function asgiMount(app: App): Record<string, unknown> {
  return { asgi: modules[app], cwd: apps, interpreter: python }
}

/** All connections may wait. */
function slowMount(): Record<string, unknown> {
  return { ...pythonMount('slow'), threads: THREADS, queue: 10_000 }
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
  const missing = [() => missingPeer('gunicorn', 'gunicorn')]
  const kind = app === 'slow' ? ['gthread', '--threads', String(THREADS)] : ['sync']
  return behindSocket(name, title, 'http', app, missing, (socket, { workers }) => {
    const options = ['--bind', `unix:${socket}`, '--chdir', apps, '--log-level', 'warning']
    return [peer('gunicorn'), '--worker-class', ...kind, '--workers', String(workers), ...options, modules[app]]
  })
}

function uwsgi(name: string, title: string, app: App): Row {
  const missing = [() => missingPeer('uwsgi', 'uwsgi-core uwsgi-plugin-python3'), missingPlugin]
  const threads = app === 'slow' ? ['--threads', String(THREADS)] : []
  return behindSocket(name, title, 'uwsgi', app, missing, (socket, { workers }) => {
    const processes = ['--master', '--processes', String(workers), ...threads, '--need-app', '--die-on-term']
    // As many may wait to be accepted as Sidegate lets.
    const options = [...uwsgiPython, '--socket', socket, '--listen', '1024', '--chdir', apps, '--disable-logging']
    return [peer('uwsgi'), ...processes, ...options, '--module', modules[app]]
  })
}

function uvicorn(name: string, title: string, app: App): Row {
  const missing = [() => missingPeer('uvicorn', 'python3-uvicorn')]
  return behindSocket(name, title, 'http', app, missing, (socket, { workers }) => {
    const options = ['--uds', socket, '--app-dir', apps, '--no-access-log', '--log-level', 'warning']
    return [peer('uvicorn'), '--workers', String(workers), ...options, modules[app]]
  })
}

function granian(name: string, title: string, app: App): Row {
  const missing = [() => missingPeer('granian', undefined)]
  return behindSocket(name, title, 'http', app, missing, (socket, { workers }) => {
    const kind = app === 'slow' ? ['wsgi', '--blocking-threads', String(THREADS)] : ['asgi']
    const options = ['--uds', socket, '--working-dir', apps, '--no-ws', '--log-level', 'warning']
    return [peer('granian'), '--workers', String(workers), '--interface', ...kind, ...options, modules[app]]
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
    reloads: title.startsWith('gunicorn') || title.startsWith('uWSGI'),
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

/**
 * What speaks a gateway protocol stands beside nginx, on a Unix socket; HTTP goes by TCP, as Node.js servers are reached.
 * `python`: the peers of the row are servers of Python, which have Unix sockets for HTTP too.
 */
function endpointOf(protocol: Protocol, place: Place, python = false): SocketEndpoint {
  if (protocol === 'http' && !python) return { kind: 'tcp', host: '127.0.0.1', port: place.port }
  return { kind: 'unix', path: join(place.folder, 'sock') }
}

function started(endpoint: SocketEndpoint, file: string, args: readonly string[]): Started {
  const env = { ...process.env, NODE_ENV: 'production' }
  const child: ChildProcess = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  return { endpoint, process: child }
}

function missingPython(app: App): string | undefined {
  if (app !== 'flask' && app !== 'starlette') return missingPeer('python3', 'python3')
  const { status } = spawnSync(python, ['-c', `import ${app}`], { stdio: 'ignore' })
  return status === 0 ? undefined : `${python} has no ${app} (on Debian: apt-get install python3-${app})`
}
