import type { Framework } from '../framework.ts'

export const hono: Framework = {
  name: 'hono',
  title: 'Hono',
  packages: { npm: ['hono@4.13.19'] },
  mount: ({ prefix }) => ({ fetch: prefix ? './app.mjs#below' : './app.mjs#app' }),
  know: ['A `fetch` app sees the whole path: `new Hono().basePath(prefix)`.'],
}
