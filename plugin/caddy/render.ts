// Caddy's config for the running configuration: directives for a site, or a complete Caddyfile. Everything that is mounted goes to
// Sidegate, files too: it has one answer for every web server. What lies beside scripts Caddy may send itself.
import type { PlugInput, PlugOptions } from '../host.ts'
import { prefixes } from '../mounts.ts'
import { planFor } from '../plan.ts'
import { protocols, reverseProxy, user } from './passing.ts'
import { sharedLines } from './shared.ts'
import { block, token } from './words.ts'

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const plan = planFor({ name: 'caddy', protocols }, 'Caddy', input, options)
  const places = prefixes(plan.mounts)
  const everything = places.includes('')
  const matchers = places.flatMap((prefix) => [token(prefix), token(`${prefix}/*`)])
  const site = [
    ...user,
    '# Uploads. Caddy has no limit by itself.',
    ...block('request_body', ['max_size 100MB']),
    ...sharedLines(plan.mounts),
  ]
  const proxy = (matcher?: string): string[] => reverseProxy(plan.protocol, plan.endpoint, matcher)
  const match = ['# What is mounted, and whole segments only.', `@sidegate path ${matchers.join(' ')}`]
  const all = ['# Everything: Sidegate divides the path at its mounts.', ...proxy()]
  const snippet = [
    '',
    '# ---- Inside your site ----',
    '',
    ...site,
    ...(everything ? all : [...match, ...proxy('@sidegate')]),
  ]
  // `handle`, as Caddy has an order of its own: respond comes before reverse_proxy.
  const chosen = [...match, ...block('handle @sidegate', proxy()), ...block('handle', ['respond 404'])]
  const full = [
    ...block('', [
      '# One port, plain HTTP, and no API through which programs on this machine could change the config.',
      'auto_https off',
      'admin off',
    ]),
    // No empty line here, nor above: as `caddy fmt` has it, without which Caddy warns at every start.
    ...block(`:${plan.port}`, [...site, ...(everything ? all : chosen)]),
  ]
  const lines = plan.full ? full : snippet
  return `${[...plan.title, ...lines].join('\n')}\n`
}
