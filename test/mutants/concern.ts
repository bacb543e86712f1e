// Which tests concern a source: those of its room first, of which the nearest by name are run before the others, and then those that use it
// through a socket.
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What is mutated. */
const SOURCES = [
  'sidecar/wire/*.ts',
  'sidecar/listen/*.ts',
  'sidecar/workers/**/*.ts',
  'sidecar/processes/*.ts',
  'sidecar/middleware/{auth,cache,limit}/*.ts',
  'sidecar/middleware/{access,cache,forwarded-field,proxy-facts,proxy-fix}.ts',
  'sidecar/{exchange,layer,mounted,queue,request,router,variables,log,line,lines}.ts',
]

const EVERYWHERE = [
  'test/core/*',
  'test/wire/*',
  'test/listen/*',
  'test/node/mount*',
  'test/hosts/repair*',
  'test/mounts/keep-prefix*',
]
const LAYERS = ['test/middleware/{joints,seam,known-attacks,where}*']

/** Rooms of tests by the beginning of a source's name; the first that fits counts. */
const ROOMS: readonly (readonly [source: string, tests: readonly string[]])[] = [
  ['sidecar/wire/frame', ['test/workers/*', 'test/core/errors*', 'test/websocket/websocket*', 'test/asgi/*']],
  ['sidecar/wire/repeated', ['test/asgi/*', 'test/listen/*']],
  ['sidecar/wire/head', ['test/wire/*', 'test/core/{exchange,errors}*', 'test/listen/*', 'test/upstream/http*']],
  ['sidecar/wire/', ['test/wire/*', 'test/core/errors*', 'test/listen/*', 'test/upstream/{http,fastcgi-end}*']],
  ['sidecar/listen/cgi', ['test/core/errors*', 'test/cgi/*']],
  ['sidecar/listen/tunnel', ['test/websocket/{tunnel,stop,websocket}*']],
  ['sidecar/listen/', ['test/core/errors*', 'test/listen/*', 'test/websocket/{tunnel,stop}*', 'test/hosts/trust*']],
  [
    'sidecar/processes/',
    ['test/processes/*', 'test/python/{life,output,start,recycle}*', 'test/run/life*', 'test/cgi/*'],
  ],
  ['sidecar/lines', ['test/python/output*']],
  ['sidecar/workers/frames/', ['test/workers/*', 'test/core/errors*', 'test/websocket/websocket*', 'test/asgi/*']],
  [
    'sidecar/workers/',
    [
      'test/core/errors*',
      'test/python/{life,ahead,output,input,start,wsgi}*',
      'test/python/{limits,ready,recycle,replace,scale,expect}*',
      'test/workers/{life,limits,stuck}*',
    ],
  ],
  ['sidecar/middleware/auth', ['test/middleware/auth*', ...LAYERS]],
  ['sidecar/middleware/cache', ['test/middleware/cache*', ...LAYERS]],
  ['sidecar/middleware/limit', ['test/middleware/limit*', ...LAYERS]],
  ['sidecar/middleware/', ['test/middleware/{access,proxy-fix,auth-forward}*', ...LAYERS]],
  ['sidecar/queue', ['test/python/{ahead,life}*', 'test/run/life*', 'test/upstream/balance*', 'test/cgi/mount*']],
  ['sidecar/layer', ['test/core/layer*', 'test/websocket/layers*', 'test/cgi/*']],
  ['sidecar/mounted', ['test/core/mounted*', 'test/listen/*']],
  ['sidecar/exchange', ['test/core/exchange*', 'test/interface/run*', 'test/listen/*', 'test/websocket/tunnel*']],
  ['sidecar/router', ['test/core/router*', 'test/core/places*']],
  ['sidecar/variables', EVERYWHERE],
  ['sidecar/request', EVERYWHERE],
  ['sidecar/l', ['test/core/log*', 'test/python/output*']],
]

/** Names whose tests have another name. */
const ALIASES: Readonly<Record<string, string>> = { records: 'fastcgi', keys: 'uwsgi', pairs: 'uwsgi', head: 'http' }

/** The test files for a source, in groups: a group is run when those before it found nothing. */
export function concerning(file: string, root: string): string[][] {
  const [, patterns] = ROOMS.find(([source]) => file.startsWith(source))!
  const groups = patterns.map((pattern) => globSync(`${pattern}.test.ts`.replace('**', '*'), { cwd: root }).toSorted())
  const name = basename(file, '.ts')
  const near = (test: string): boolean => {
    const word = basename(test, '.test.ts')
    const own = ALIASES[name] ?? name
    return word === own || own.startsWith(`${word}-`) || word.startsWith(`${own}-`)
  }
  const nearest = groups.flat().filter(near)
  const others = groups.map((group) => group.filter((test) => !nearest.includes(test)))
  return [nearest, ...others].filter((group) => group.length > 0)
}

/** True where a test starts the built program: it says nothing about a source before that is built. */
export function needsBuild(test: string, root: string): boolean {
  const seen = new Set<string>()
  const left = [join(root, test)]
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (file === join(root, 'test/built.ts')) return true
    if (seen.has(file) || !file.startsWith(join(root, 'test'))) continue
    seen.add(file)
    const named = readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+\.ts)'/g)
    left.push(...Array.from(named, ([, path]) => join(dirname(file!), path!)))
  }
  return false
}

/** The sources that are mutated. */
export function sources(root: string): string[] {
  return globSync(SOURCES, { cwd: root })
    .filter((file) => !file.endsWith('.d.ts'))
    .map((file) => join(file))
    .toSorted()
}
