import type { Framework } from '../framework.ts'

export const bobo: Framework = {
  name: 'bobo',
  title: 'bobo',
  packages: { pip: ['bobo==2.4.0'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  differs: [{ check: 'its prefix without a slash', at: '/x', why: 'bobo has no route for an empty path' }],
}
