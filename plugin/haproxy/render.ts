// HAProxy's config for the running configuration: sections to add, or a complete haproxy.cfg. Everything that is mounted goes to
// Sidegate, files too: HAProxy has none.
import type { PlugInput, PlugOptions } from '../host.ts'
import { prefixes } from '../mounts.ts'
import { indented, planFor, remark } from '../plan.ts'
import { unsharedNote } from '../shared.ts'
import { passing, protocols, type Passing } from './passing.ts'
import { word } from './words.ts'

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const plan = planFor({ name: 'haproxy', protocols }, 'HAProxy', input, options)
  const way = passing(plan.protocol, plan.endpoint)
  const places = prefixes(plan.mounts)
  const lines = plan.full ? complete(way, places, plan.port) : snippet(way, places)
  const sharing = plan.mounts.filter(({ shared }) => shared)
  const note = sharing.map((mount) => remark(unsharedNote(mount, 'HAProxy serves no files')))
  return `${[...plan.title, ...note, '', ...lines].join('\n')}\n`
}

const sizes = [
  '# Request and response heads must fit into one buffer, 16k by default, less the 1k of tune.maxrewrite: cookies and CSP headers',
  '# outgrow it. Stay below 64k: with more, HAProxy up to 2.6 wrote records of a wrong length.',
  'tune.bufsize 49152',
  '# Header fields of a request or response; 101 by default.',
  'tune.http.maxhdr 256',
]

const waiting = [
  '# Sidegate is on this machine: it answers a connect at once or is not there.',
  'timeout connect 5s',
  '# Silence, not the whole: of a client, of an app or event stream, of a WebSocket.',
  'timeout client 300s',
  'timeout server 300s',
  'timeout tunnel 1h',
  '# For a request head, and between two requests of a client.',
  'timeout http-request 30s',
  'timeout http-keep-alive 60s',
  '# A client that leaves takes its request along, where HAProxy notices.',
  'option abortonclose',
  '# Every piece of a response goes on at once: event streams.',
  'option http-no-delay',
  '# Idle connections are used for the next request of any client. HAProxy closes them after 5s, long before Sidegate does (75s).',
  'http-reuse always',
  'retries 2',
]

/** `rest`: say 404 to what no mount takes. */
function frontend(way: Passing, places: readonly string[], rest: boolean): string[] {
  const lines = [...way.frontend]
  if (places.includes('')) return [...lines, 'default_backend sidegate']
  lines.push('# What is mounted, and whole segments only. Sidegate divides the path at its mounts.')
  for (const prefix of places) {
    lines.push(
      `acl sidegate path,url_dec -m str ${word(prefix)}`,
      `acl sidegate path,url_dec -m beg ${word(`${prefix}/`)}`,
    )
  }
  if (rest) lines.push('# Nothing is mounted at the root.', 'http-request return status 404 if !sidegate')
  return [...lines, 'use_backend sidegate if sidegate']
}

function snippet(way: Passing, places: readonly string[]): string[] {
  return [
    '# ---- Inside `global` ----',
    ...indented(sizes),
    '',
    '# ---- Inside your `frontend` ----',
    ...indented(frontend(way, places, false)),
    '',
    ...parts(way, [
      ...waiting.filter((line) => !/^(?:#.*request head|timeout (?:client|http-))/.test(line)),
      ...way.backend,
    ]),
  ]
}

function complete(way: Passing, places: readonly string[], port: number): string[] {
  return [
    'global',
    ...indented(sizes),
    '    log stderr format short daemon err',
    '',
    'defaults',
    '    mode http',
    '    log global',
    ...indented(waiting),
    '',
    'frontend web',
    `    bind :${port}`,
    ...indented(frontend(way, places, true)),
    '',
    ...parts(way, way.backend),
  ]
}

function parts(way: Passing, backend: readonly string[]): string[] {
  return ['backend sidegate', ...indented(backend), ...(way.sections.length > 0 ? ['', ...way.sections] : [])]
}
