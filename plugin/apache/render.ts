// Apache's config for the running configuration: the lines for a virtual host, or a complete httpd.conf. Everything that is mounted
// goes to Sidegate, folders of files too: it has one answer for every web server. What lies beside scripts Apache may send itself.
import { brokenOffNote } from '../broken-off.ts'
import type { PlugInput, PlugOptions } from '../host.ts'
import { prefixes } from '../mounts.ts'
import { planFor, remark } from '../plan.ts'
import { passing, protocols, type Passing } from './passing.ts'
import { sharedLines, sharedModules } from './shared.ts'
import { quoted, section } from './words.ts'

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const plan = planFor({ name: 'apache', protocols }, 'Apache', input, options)
  const way = passing(plan.protocol, plan.endpoint)
  const places = prefixes(plan.mounts)
  const shared = sharedLines(plan.mounts)
  const lines = plan.full ? complete(way, places, plan.port, shared) : snippet(way, places, shared)
  const note = brokenOffNote('Apache', plan.protocol, plan.endpoint)
  return `${[...plan.title, ...note, '', ...lines].join('\n')}\n`
}

function snippet(way: Passing, places: readonly string[], shared: readonly string[]): string[] {
  const more = shared.length > 0 ? sharedModules.filter((name) => !way.modules.includes(name)) : []
  return [
    `# Once: a2enmod proxy ${[...way.modules, ...more].join(' ')}`,
    '# ---- Inside your <VirtualHost> ----',
    '',
    ...way.settings,
    '',
    ...shared,
    ...passes(way, places),
  ]
}

/** One ProxyPass a prefix, which means whole segments: `/shop` and `/shop/…`, never `/shopping`. */
function passes(way: Passing, places: readonly string[]): string[] {
  const lines = [
    ...section('Proxy', quoted(way.worker), way.parameters),
    '# What is mounted. Sidegate divides the path at its mounts. For a folder that Apache serves: ProxyPass "/folder" !',
  ]
  for (const prefix of places) {
    const path = prefix === '' ? '/' : prefix
    lines.push(['ProxyPass', quoted(path), quoted(way.url + path), ...way.options].join(' '))
  }
  return lines
}

function complete(way: Passing, places: readonly string[], port: number, shared: readonly string[]): string[] {
  const everything = places.includes('')
  const files = shared.length > 0 ? sharedModules : []
  const named = ['mpm_event', 'authz_core', 'env', ...(everything ? [] : ['alias']), 'proxy', ...way.modules, ...files]
  const modules = [...new Set(named)]
  return [
    ...section('IfDefine', '!modules', [
      remark("Debian's. The container image httpd: httpd -C 'Define modules /usr/local/apache2/modules'."),
      'Define modules /usr/lib/apache2/modules',
    ]),
    ...['unixd', 'log_config'].flatMap((name) => section('IfModule', `!${name}_module`, [load(name)])),
    ...modules.map(load),
    '',
    'User www-data',
    'Group www-data',
    'ServerName localhost',
    '# The PidFile and other files of the running Apache.',
    'DefaultRuntimeDir /tmp',
    'PidFile /tmp/sidegate-apache.pid',
    'ErrorLog /dev/stderr',
    'LogLevel warn',
    ...(shared.length > 0 ? ['TypesConfig /etc/mime.types'] : []),
    '',
    `Listen ${port}`,
    '',
    ...section('VirtualHost', `*:${port}`, [
      ...way.settings,
      '',
      ...shared,
      ...passes(way, places),
      ...(everything ? [] : ['', '# Nothing is mounted at the root.', 'RedirectMatch 404 "^/"']),
    ]),
  ]
}

function load(name: string): string {
  return `LoadModule ${name}_module \${modules}/mod_${name}.so`
}
