import type { Framework } from '../framework.ts'

export const koa: Framework = {
  name: 'koa',
  title: 'Koa',
  packages: { npm: ['koa@3.3.0'] },
  mount: () => ({ node: './app.mjs#app' }),
  know: [
    'The module exports `koa.callback()`.',
    'The prefix for links is what `req.originalUrl` has more than `req.url`.',
  ],
}
