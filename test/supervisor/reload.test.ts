// Reloads under load: nobody's request is lost, by any protocol, with kept connections or without, behind nginx and to Sidegate itself.
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { nginx, type Nginx } from '../harness.ts'
import { commandFolder } from '../cli/command-folder.ts'
import type { Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()
const CLIENTS = 16
const RELOADS = 8

// Answers with what it was sent, and its process; a part of the requests take a while.
folder.write(
  'echo.mjs',
  `let count = 0
export const app = async (environ, startResponse) => {
  const parts = []
  for await (const part of environ['wsgi.input']) parts.push(part)
  if (count++ % 4 === 0) await new Promise((resolve) => setTimeout(resolve, count % 16))
  startResponse('200 OK', [['Content-Type', 'text/plain'], ['X-Process', String(process.pid)]])
  return [Buffer.concat(parts)]
}`,
)

const agents: Agent[] = []
afterAll(() => agents.forEach((agent) => agent.destroy()))

interface Load {
  /** Right answers. */
  answered: number
  /** What went wrong, each with its reason. */
  readonly failed: string[]
  /** The processes that have answered. */
  readonly processes: Set<string>
  /** Sends no more; resolves when all are answered. */
  end(): Promise<void>
}

/** So many clients, each with one POST after the other. */
function load(name: string, where: { host: string; port: number } | { socketPath: string }, keepAlive: boolean): Load {
  const agent = new Agent({ keepAlive, maxSockets: CLIENTS })
  agents.push(agent)
  let ends = false
  const state: Load = { answered: 0, failed: [], processes: new Set(), end }
  const ask = (body: string): Promise<void> =>
    new Promise((resolve) => {
      const fail = (why: string): void => {
        state.failed.push(`${name}: ${why}`)
        resolve()
      }
      const sent = request(
        { ...where, agent, method: 'POST', path: '/', headers: { 'content-length': body.length } },
        (response) => {
          let text = ''
          response.setEncoding('latin1').on('data', (piece: string) => (text += piece))
          response.on('error', (error) => fail(`${error.message} inside the response`))
          response.on('end', () => {
            if (response.statusCode !== 200) return fail(`${response.statusCode} ${text.slice(0, 200)}`)
            if (text !== body) return fail(`not what was sent: ${text.slice(0, 100)}`)
            state.answered++
            state.processes.add(String(response.headers['x-process']))
            resolve()
          })
        },
      )
      sent.on('error', (error) => fail(error.message))
      sent.end(body)
    })
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; !ends; count++) await ask(`${name} ${client} ${count} ${'x'.repeat(200)}`)
  })
  async function end(): Promise<void> {
    ends = true
    await Promise.all(clients)
  }
  return state
}

/** SIGHUP, until the one before has ended. */
async function reload(one: Sidegate, generation: number): Promise<void> {
  one.signal('SIGHUP')
  await one.said(new RegExp(`gateway ${generation} is over`))
}

const config = (port: number, socket: string): string => `worker_processes 2;
events { }
http {
  access_log off;
  upstream fastcgi { server 127.0.0.1:${port}; keepalive 32; }
  upstream http { server 127.0.0.1:${port}; keepalive 32; }
  server {
    listen 8080;
    location / { include /etc/nginx/uwsgi_params; uwsgi_pass unix:${socket}; uwsgi_next_upstream off; }
  }
  server {
    listen 8081;
    location / { include /etc/nginx/fastcgi_params; fastcgi_keep_conn on; fastcgi_pass fastcgi; fastcgi_next_upstream off; }
  }
  server {
    listen 8082;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://http; proxy_next_upstream off; }
  }
}
`

test('no request is lost', async () => {
  const one = folder.run([
    'serve',
    'app:./echo.mjs',
    '--supervise',
    '--no-access-log',
    '--listen',
    '127.0.0.1:0',
    '--listen',
    'unix:s.sock',
  ])
  const port = await one.port()
  const socket = join(folder.path, 's.sock')
  const host: Nginx = await nginx({ config: config(port, socket) })
  const at = (written: number) => ({ host: '127.0.0.1', port: host.port(written) })
  const loads = [
    load('nginx, uwsgi', at(8080), true),
    load('nginx, kept FastCGI', at(8081), true),
    load('nginx, kept HTTP', at(8082), true),
    load('kept HTTP', { host: '127.0.0.1', port }, true),
    load('HTTP', { socketPath: socket }, false),
  ]
  for (let generation = 1; generation <= RELOADS; generation++) await reload(one, generation)
  await Promise.all(loads.map((each) => each.end()))
  expect(loads.flatMap(({ failed }) => failed)).toEqual([])
  for (const { processes, answered } of loads) {
    expect(processes.size).toBeGreaterThan(RELOADS / 2)
    expect(answered).toBeGreaterThan(CLIENTS * RELOADS)
  }
  const { code, err } = await one.stop()
  expect(code).toBe(0)
  // Whoever runs the tests as root is warned of that with each gateway.
  expect(err.replaceAll(/.* code=ROOT_APPS$/gm, '')).not.toMatch(/ (?:warn|error) /)
  await host.stop()
})
