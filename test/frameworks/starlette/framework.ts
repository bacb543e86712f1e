import { withWebSockets } from '../checks.ts'
import type { Framework } from '../framework.ts'

export const starlette: Framework = {
  name: 'starlette',
  title: 'Starlette',
  packages: { pip: ['starlette==1.10.0', 'python-multipart==0.0.34', 'itsdangerous==2.2.0'] },
  mount: ({ environment }) => ({ asgi: 'app:app', ...environment }),
  checks: withWebSockets,
}
