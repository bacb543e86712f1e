// The configuration that the files in configs/nginx/ are written for: one mount of each kind that a host treats in its own way.
import type { PlugInput, PlugOptions } from '../host.ts'

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

/** The files of configs/nginx/, and how each is written. */
export const files: Readonly<Record<string, PlugOptions>> = {
  'snippet-uwsgi.conf': { protocol: 'uwsgi' },
  'snippet-http.conf': { protocol: 'http' },
  'nginx-uwsgi.conf': { protocol: 'uwsgi', full: true },
  'nginx-http.conf': { protocol: 'http', full: true },
}
