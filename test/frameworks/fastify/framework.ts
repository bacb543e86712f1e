import type { Framework } from '../framework.ts'

export const fastify: Framework = {
  name: 'fastify',
  title: 'Fastify',
  packages: { npm: ['fastify@5.12.8'] },
  mount: ({ prefix }) => (prefix ? { node: './app.mjs#below', keepPrefix: true } : { node: './app.mjs#app' }),
  know: [
    'With `keepPrefix` and `app.register(routes, { prefix })`. `await app.ready()` comes before `app.routing` is exported.',
    'A body may have 1 MiB unless `bodyLimit` says otherwise. Errors are in the log where `logger` is on.',
  ],
}
