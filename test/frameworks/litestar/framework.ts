import { withWebSockets } from '../checks.ts'
import type { Framework } from '../framework.ts'

export const litestar: Framework = {
  name: 'litestar',
  title: 'Litestar',
  packages: { pip: ['litestar==2.25.0'] },
  mount: ({ environment }) => ({ asgi: 'app:app', ...environment }),
  checks: withWebSockets,
}
