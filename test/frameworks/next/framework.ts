import type { Framework } from '../framework.ts'

export const next: Framework = {
  name: 'next',
  title: 'Next.js',
  packages: { npm: ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'] },
  prepare: [
    ['node_modules/.bin/next', 'build', '--webpack'],
    ['env', 'BASE=/x', 'node_modules/.bin/next', 'build', '--webpack'],
  ],
  mount: ({ prefix }) => ({
    node: './server.mjs',
    ...(prefix ? { keepPrefix: true } : {}),
    processes: 1,
    ...(prefix ? { env: { BASE: prefix } } : {}),
    loadTimeout: 60,
  }),
  know: [
    'Its custom server: the module exports `app.getRequestHandler()`. The prefix is `basePath`, when it is built and when it runs.',
  ],
}
