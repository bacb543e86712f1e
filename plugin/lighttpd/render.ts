// lighttpd's config for the running configuration: lines to include, or a complete lighttpd.conf. Everything that is mounted goes to
// Sidegate, files too: it has one answer for every web server. What lies beside scripts lighttpd may send itself.
import { brokenOffNote } from '../broken-off.ts'
import type { PlugInput, PlugOptions } from '../host.ts'
import { prefixes } from '../mounts.ts'
import { planFor } from '../plan.ts'
import { passing, protocols, type Passing } from './passing.ts'
import { sharedLines } from './shared.ts'
import { block, literal, string } from './words.ts'

/** What a file is, by its name; other lighttpds than Debian's come with a file of them. */
const types = ["# Debian's list of types.", 'include_shell "/usr/share/lighttpd/create-mime.conf.pl"']

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const plan = planFor({ name: 'lighttpd', protocols }, 'lighttpd', input, options)
  const way = passing(plan.protocol, plan.endpoint)
  const shared = sharedLines(plan.mounts, way.directive)
  const modules = [...new Set([...way.modules, ...shared.modules])].map(string).join(', ')
  const top = plan.full
    ? [
        `server.modules = ( ${modules} )`,
        `server.port = ${plan.port}`,
        ...(shared.modules.length > 0 ? types : []),
        '# lighttpd wants one. No file is served: what is not mounted is 404.',
        'server.document-root = "/nonexistent"',
        'server.username = "www-data"',
        'server.groupname = "www-data"',
        '# Uploads are collected here.',
        'server.upload-dirs = ( "/var/tmp" )',
        '# Requests under way when it stops: by itself lighttpd cuts them after some 8 s.',
        'server.feature-flags += ( "server.graceful-shutdown-timeout" => 30 )',
      ]
    : ['# For example /etc/lighttpd/conf-enabled/99-sidegate.conf', `server.modules += ( ${modules} )`]
  const lines = [...top, '', ...way.settings, '', ...places(way, prefixes(plan.mounts)), ...shared.lines]
  const note = brokenOffNote('lighttpd', plan.protocol, plan.endpoint)
  return `${[...plan.title, ...note, '', ...lines].join('\n')}\n`
}

/** One condition a prefix, so that it means whole segments: lighttpd's own prefixes would take `/shopping` for `/shop`. */
function places(way: Passing, prefixes: readonly string[]): string[] {
  if (prefixes.includes('')) return ['# Everything: Sidegate divides the path at its mounts.', ...way.server]
  const paths = prefixes.map((prefix) => literal(prefix.slice(1))).join('|')
  return [
    '# What is mounted, and whole segments only. Sidegate divides the path at its mounts.',
    ...block(`$HTTP["url"] =~ ${string(`^/(?:${paths})(?:/|$)`)}`, way.server),
  ]
}
