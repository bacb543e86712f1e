import { withWebSockets } from '../checks.ts'
import type { Framework } from '../framework.ts'

export const fastapi: Framework = {
  name: 'fastapi',
  title: 'FastAPI',
  packages: { pip: ['fastapi==0.165.0', 'python-multipart==0.0.34', 'itsdangerous==2.2.0'] },
  mount: ({ environment }) => ({ asgi: 'app:app', ...environment }),
  checks: withWebSockets,
  know: ['HEAD wants a route of its own: `methods=["GET", "HEAD"]`.'],
}
