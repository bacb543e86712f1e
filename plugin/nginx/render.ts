// nginx's config for the running configuration: a snippet with its places marked, or a complete nginx.conf.
import type { PlugInput, PlugOptions } from '../host.ts'
import { reachableFrom, type PlacedMount } from '../mounts.ts'
import { planFor, remark } from '../plan.ts'
import { locations, sharedFallback } from './locations.ts'
import { passing, protocols } from './passing.ts'
import { nobody, type Passing } from './shared.ts'
import { block, word } from './words.ts'

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const { mounts, endpoint, full, port, protocol, title } = planFor(
    { name: 'nginx', protocols },
    'nginx',
    input,
    options,
  )
  const way = passing(protocol, endpoint)
  const hosts = [...new Set(mounts.map((mount) => mount.host))].filter((host) => host !== '').toSorted()
  const draft: Draft = { input, way, mounts, hosts }
  const lines = full ? complete(draft, port) : snippet(draft)
  return `${[...title, '', ...lines].join('\n')}\n`
}

/** What goes into either. */
interface Draft {
  readonly input: PlugInput
  readonly way: Passing
  readonly mounts: readonly PlacedMount[]
  readonly hosts: readonly string[]
}

function complete({ input, way, mounts, hosts }: Draft, port: number): string[] {
  const server = (names: string, listen: string, host: string): string[] =>
    block('server', [
      `listen ${listen};`,
      `server_name ${names};`,
      ...nobody,
      '',
      ...inside(host, mounts, way, input, true),
    ])
  return [
    'worker_processes auto;',
    '',
    ...block('events', ['worker_connections 1024;']),
    '',
    ...block('http', [
      'include /etc/nginx/mime.types;',
      'default_type application/octet-stream;',
      'access_log off;',
      '',
      ...way.http,
      '',
      ...way.settings,
      '',
      ...server('_', `${port} default_server`, ''),
      ...hosts.flatMap((host) => ['', ...server(word(host), String(port), host)]),
    ]),
  ]
}

function snippet({ input, way, mounts, hosts }: Draft): string[] {
  const own = mounts.filter((mount) => mount.host === '')
  const lines = ['# ---- Inside http { }, once: for example /etc/nginx/conf.d/sidegate.conf ----', '', ...way.http]
  for (const host of hosts) {
    lines.push('', remark(`The mounts of ${host}; give it the listen and ssl_ lines of your other servers.`))
    const body = ['listen 80;', `server_name ${word(host)};`, ...nobody, '', ...way.settings, '']
    lines.push(...block('server', [...body, ...inside(host, mounts, way, input, true)]))
  }
  if (own.length > 0) {
    lines.push('', '# ---- Inside your server { } ----', '', ...nobody, ...way.settings, '')
    lines.push(...inside('', mounts, way, input, false))
  }
  return lines
}

/** The locations of one server block. `rest`: say 404 to what no mount takes. */
function inside(host: string, mounts: readonly PlacedMount[], way: Passing, input: PlugInput, rest: boolean): string[] {
  const reachable = reachableFrom(host, mounts)
  const lines = reachable.flatMap((mount, index) => [...(index > 0 ? [''] : []), ...locations(mount, way)])
  if (reachable.some(({ shared }) => shared)) lines.push('', ...sharedFallback(way))
  if (rest && !reachable.some((mount) => mount.prefix === '')) {
    if (lines.length > 0) lines.push('')
    lines.push('# Nothing is mounted at the root.', ...block('location /', ['return 404;']))
  }
  return lines
}
