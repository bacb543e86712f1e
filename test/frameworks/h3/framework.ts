import type { Framework } from '../framework.ts'

export const h3: Framework = {
  name: 'h3',
  title: 'h3',
  packages: { npm: ['h3@2.0.8'] },
  mount: ({ prefix }) => ({ fetch: prefix ? './app.mjs#below' : './app.mjs#app' }),
  know: ['A `fetch` app sees the whole path: `withBase(prefix, app)`.'],
}
