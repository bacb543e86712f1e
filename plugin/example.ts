// The configuration that the files in configs/ are written for: one mount of each kind that a host treats in its own way.
import type { Host, PlugInput, PlugOptions } from './host.ts'

const folder = { path: '/srv/site/public', index: ['index.html'], maxAge: 0, dotfiles: false, followSymlinks: false }

/** As `mounts` and `listen` in a sidegate.config.ts in /srv/site. */
export const example: PlugInput = {
  directory: '/srv/site',
  listeners: [{ address: 'unix:/run/sidegate/sidegate.sock' }],
  mounts: [
    { key: '/', kind: 'app' },
    { key: '/api', kind: 'node' },
    { key: '/hono', kind: 'fetch' },
    { key: '/shop', kind: 'python', hasWorkers: true },
    { key: '/static', kind: 'files', folder },
    { key: 'static.example.com', kind: 'files', folder },
  ],
}

/** The files of configs/HOST/, and how each is written: a snippet and a complete config for each protocol. */
export function filesOf(host: Host): Readonly<Record<string, PlugOptions>> {
  if (host.files) return host.files
  return Object.fromEntries(
    host.protocols.flatMap((protocol) => [
      [`snippet-${protocol}.${host.extension}`, { protocol }],
      [`${host.name}-${protocol}.${host.extension}`, { protocol, full: true }],
    ]),
  )
}
