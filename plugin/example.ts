// The configuration that the files in configs/ are written for: one mount of each kind that a host treats in its own way.
import type { Host, PlugInput, PlugOptions } from './host.ts'

/** As `mounts` and `listen` in a sidegate.config.ts in /srv/site. */
export const example: PlugInput = {
  directory: '/srv/site',
  listeners: [{ address: 'unix:/run/sidegate/sidegate.sock' }],
  mounts: [
    { key: '/', kind: 'app', settings: { app: './hello.ts' } },
    { key: '/api', kind: 'node', settings: { node: './api.ts' } },
    { key: '/hono', kind: 'fetch', settings: { fetch: './hono.ts' } },
    { key: '/shop', kind: 'python', settings: { python: 'shop.wsgi:application' } },
    { key: '/static', kind: 'files', settings: { files: './public' } },
    { key: 'static.example.com', kind: 'files', settings: { files: './public' } },
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
