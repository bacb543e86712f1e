import type { Framework } from '../framework.ts'

export const webpy: Framework = {
  name: 'webpy',
  title: 'web.py',
  packages: { pip: ['web.py==0.76'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  differs: [{ check: 'its prefix without a slash', at: '/x', why: 'web.py has no route for an empty path' }],
}
