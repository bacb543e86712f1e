import { withWebSockets } from '../checks.ts'
import type { Framework } from '../framework.ts'

export const quart: Framework = {
  name: 'quart',
  title: 'Quart',
  packages: { pip: ['quart==0.22.0'] },
  mount: ({ environment }) => ({ asgi: 'app:app', ...environment }),
  checks: withWebSockets,
  differs: [{ check: 'its prefix without a slash', at: '/x', why: 'Quart has no route for an empty path' }],
}
