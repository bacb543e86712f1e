import type { Framework } from '../framework.ts'

export const litestar: Framework = {
  name: 'litestar',
  title: 'Litestar',
  packages: { pip: ['litestar==2.25.0', 'uvicorn==0.54.0'] },
  mount: ({ program, prefix }) => ({
    run: `${program('uvicorn')} --uds $SOCKET${prefix && ` --root-path ${prefix}`} app:app`,
    speaks: 'http',
  }),
}
