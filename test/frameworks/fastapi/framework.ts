import type { Framework } from '../framework.ts'

export const fastapi: Framework = {
  name: 'fastapi',
  title: 'FastAPI',
  packages: { pip: ['fastapi==0.165.0', 'uvicorn==0.54.0', 'python-multipart==0.0.34', 'itsdangerous==2.2.0'] },
  mount: ({ program, prefix }) => ({
    run: `${program('uvicorn')} --uds $SOCKET${prefix && ` --root-path ${prefix}`} app:app`,
    speaks: 'http',
  }),
  know: ['HEAD wants a route of its own: `methods=["GET", "HEAD"]`.'],
}
