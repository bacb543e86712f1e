import type { Framework } from '../framework.ts'

export const starlette: Framework = {
  name: 'starlette',
  title: 'Starlette',
  packages: { pip: ['starlette==1.10.0', 'uvicorn==0.54.0', 'python-multipart==0.0.34', 'itsdangerous==2.2.0'] },
  mount: ({ program, prefix }) => ({
    run: `${program('uvicorn')} --uds $SOCKET${prefix && ` --root-path ${prefix}`} app:app`,
    speaks: 'http',
  }),
}
