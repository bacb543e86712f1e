// Three files of growing size: what comes of them is compared word for word, and each is served, by the real uWSGI and by Sidegate
// (`serve --ini`), which answer the same requests alike.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../../sidecar/config/load.ts'
import { written } from '../../../sidecar/importers/written.ts'
import { Sidegate } from '../../cli/sidegate.ts'
import { accepts, freePort, program, stopProcess, temporaryFolder, until } from '../../harness.ts'
import { open } from '../../conformance/client.ts'
import { INTERPRETER } from '../../python/mount.ts'
import { imported } from './read.ts'

const SAMPLES = join(import.meta.dirname, 'samples')

const folders: ReturnType<typeof temporaryFolder>[] = []
afterAll(() => folders.forEach((folder) => folder.remove()))

/** The samples and their apps, in a folder of their own. */
function copied(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  cpSync(SAMPLES, folder.path, { recursive: true })
  return folder.path
}

test.each(['small', 'medium', 'large'])('%s.ini', async (name) => {
  const cwd = copied()
  const { config, report } = await imported({ cwd, file: `${name}.ini` })
  const text = `${await written(config, 'yaml', [])}\n${report.full()}`.replaceAll(cwd, '/srv/site')
  await expect(text).toMatchFileSnapshot(join(SAMPLES, `${name}.txt`))
})

test.each(['yaml', 'json'] as const)('what is written as %s says the same', async (format) => {
  const cwd = copied()
  const { config } = await imported({ cwd, file: 'large.ini' })
  const file = join(cwd, `written.${format}`)
  writeFileSync(file, await written(config, format, ['From large.ini']))
  const { data, problems } = await loadConfig(file, cwd, {})
  expect(problems).toEqual([])
  expect(data).toEqual(config)
})

const there = program('uwsgi') !== undefined && spawnSync(INTERPRETER, ['-c', 'import flask, django']).status === 0

/** What a server has answered. */
interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** Those of the server itself, and how a body is framed. */
const OWN = new Set(['server', 'date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'])
/** Of files: validators and how long they last are each server's own. */
const OF_FILES = new Set(['etag', 'last-modified', 'accept-ranges', 'expires', 'cache-control', 'content-type'])

interface Asked {
  readonly target: string
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly isFile?: boolean
  /** Of a redirect that the server makes itself the page and its headers are its own. */
  readonly isRedirect?: boolean
}

const FORM = { method: 'POST', body: 'a=1&b=%20', headers: { 'content-type': 'application/x-www-form-urlencoded' } }

/** Flask has the methods in no order. */
const shown = (name: string, value: string): string =>
  `${name}: ${name === 'allow' ? value.split(', ').toSorted().join(', ') : value}`

function byHttp(place: { port: number } | { socketPath: string }, asked: Asked): Promise<Answer> {
  const { target, method = 'GET', body = '', headers = {}, isFile, isRedirect } = asked
  return new Promise((resolve, reject) => {
    const fields = { host: 'site.example', ...headers, ...(body && { 'content-length': String(body.length) }) }
    const sent = request(
      { host: '127.0.0.1', ...place, path: target, method, headers: fields, agent: false },
      (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const names = Object.entries(response.headers).filter(
            ([name]) => !OWN.has(name) && !(isFile && OF_FILES.has(name)) && !(isRedirect && name !== 'location'),
          )
          resolve({
            status: response.statusCode!,
            headers: names.map(([name, value]) => shown(name, [value].flat().join(', '))).toSorted(),
            body: isRedirect ? '' : Buffer.concat(pieces).toString(),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** uWSGI's own protocol, as nginx speaks it. */
async function byUwsgi(address: string, { target, method = 'GET' }: Asked): Promise<Answer> {
  const response = await open(
    { address, transport: 'uwsgi' },
    { method, target, headers: [['Host', 'site.example']] },
  ).whole()
  const names = response.head.headers.filter(([name]) => !OWN.has(name.toLowerCase()))
  return {
    status: response.status,
    headers: names.map(([name, value]) => shown(name.toLowerCase(), value)).toSorted(),
    body: response.body.toString(),
  }
}

/** Has the original served by uWSGI, then by Sidegate, in the same place; `ask` is called for both. */
async function answersOf(
  cwd: string,
  file: string,
  address: string,
  ask: () => Promise<readonly Answer[]>,
): Promise<{ theirs: readonly Answer[]; ours: readonly Answer[] }> {
  const child = spawn(program('uwsgi')!, ['--plugin', 'python3', '--ini', file], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += String(bytes)))
  let theirs: readonly Answer[]
  try {
    await until('uWSGI listens', () => {
      if (child.exitCode !== null) throw new Error(`uWSGI ended at once:\n${said}`)
      return accepts(address)
    })
    theirs = await ask()
  } finally {
    await stopProcess(child, 'SIGINT')
  }
  await until('its place is free', async () => !(await accepts(address)))
  // The Python that has been built into uWSGI.
  const sidegate = new Sidegate(['serve', '--ini', file], cwd, { PATH: `${dirname(INTERPRETER)}:${process.env.PATH}` })
  try {
    // What it prints goes to a file, where the sample says so.
    const ended = sidegate.ended.then(({ err }) => Promise.reject(new Error(`Sidegate ended at once:\n${err}`)))
    await Promise.race([until('Sidegate listens', () => accepts(address)), ended])
    ended.catch(() => {})
    return { theirs, ours: await ask() }
  } finally {
    await sidegate.stop()
  }
}

function replaced(file: string, pairs: Readonly<Record<string, string>>): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    Object.entries(pairs).reduce((all, [from, to]) => all.replaceAll(from, to), text),
  )
}

const asks = (to: (asked: Asked) => Promise<Answer>, all: readonly Asked[]) => async (): Promise<readonly Answer[]> => {
  const answers: Answer[] = []
  for (const asked of all) answers.push(await to(asked))
  return answers
}

test.skipIf(!there)('small.ini: Flask by HTTP', async () => {
  const cwd = copied()
  const port = await freePort()
  replaced(join(cwd, 'small.ini'), { ':8000': `:${port}`, 'processes = 4': 'processes = 1' })
  const requests: Asked[] = [
    { target: '/' },
    { target: '/', method: 'HEAD' },
    { target: '/path/a%20b/caf%C3%A9?x=1&y=%20' },
    { target: '/form', ...FORM },
    { target: '/stream' },
    { target: '/missing' },
    { target: '/', method: 'DELETE' },
    { target: '/broken' },
  ]
  const { theirs, ours } = await answersOf(
    cwd,
    'small.ini',
    `127.0.0.1:${port}`,
    asks((asked) => byHttp({ port }, asked), requests),
  )
  expect(ours).toEqual(theirs)
})

test.skipIf(!there)('medium.ini: Django by uwsgi on a Unix socket', async () => {
  const cwd = copied()
  const socket = join(cwd, 's')
  // It stays in the foreground, and writes nothing outside of its folder.
  replaced(join(cwd, 'medium.ini'), {
    '/tmp/%(project).sock': socket,
    'daemonize = /var': 'logto = %d',
    'processes = 5': 'processes = 1',
    '/tmp/%(project)-master.pid': '%d/pid',
  })
  mkdirSync(join(cwd, 'log/uwsgi'), { recursive: true })
  const requests: Asked[] = [
    { target: '/' },
    { target: '/path/a%20b/c?x=1' },
    { target: '/stream' },
    { target: '/missing' },
    { target: '/form' },
  ]
  const { theirs, ours } = await answersOf(
    cwd,
    'medium.ini',
    `unix:${socket}`,
    asks((asked) => byUwsgi(`unix:${socket}`, asked), requests),
  )
  expect(ours).toEqual(theirs)
})

test.skipIf(!there)('large.ini: Flask and Django side by side, with routes and files', async () => {
  const cwd = copied()
  const port = await freePort()
  const pairs = {
    ':8080': `:${port}`,
    ':3031': `:${await freePort()}`,
    'workers = 8': 'workers = 4',
    '/tmp/large.log': '%d/large.log',
  }
  replaced(join(cwd, 'large.ini'), pairs)
  const requests: Asked[] = [
    { target: '/shop/' },
    { target: '/shop' },
    { target: '/shop/path/a%20b/caf%C3%A9?x=1' },
    { target: '/shop/form', ...FORM },
    { target: '/blog/' },
    { target: '/blog/path/x?y=1' },
    { target: '/blog/missing' },
    { target: '/old-shop/path/x', isRedirect: true },
    { target: '/a.txt', isFile: true },
    { target: '/robots.txt', isFile: true },
  ]
  const { theirs, ours } = await answersOf(
    cwd,
    'large.ini',
    `127.0.0.1:${port}`,
    asks((asked) => byHttp({ port }, asked), requests),
  )
  expect(ours).toEqual(theirs)
})
