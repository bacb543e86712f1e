import type { Framework } from '../framework.ts'

export const reactRouter: Framework = {
  name: 'react-router',
  title: 'React Router',
  packages: {
    npm: [
      'react-router@8.4.0',
      '@react-router/node@8.4.0',
      '@react-router/dev@8.4.0',
      'isbot@5.2.3',
      'react@19.3.1',
      'react-dom@19.3.1',
      'vite@8.3.8',
    ],
  },
  prepare: [
    ['node_modules/.bin/react-router', 'build'],
    ['env', 'BASE=/x', 'node_modules/.bin/react-router', 'build'],
  ],
  mount: ({ prefix }) => ({ fetch: prefix ? './server.mjs#below' : './server.mjs#app' }),
  know: [
    'Its request handler is a Fetch handler: `createRequestHandler(build)`. The prefix is `basename`, and `base` of Vite, when it is built.',
  ],
}
