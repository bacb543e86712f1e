import type { Framework } from '../framework.ts'

export const quart: Framework = {
  name: 'quart',
  title: 'Quart',
  packages: { pip: ['quart==0.22.0', 'uvicorn==0.54.0'] },
  mount: ({ program, prefix }) => ({
    run: `${program('uvicorn')} --uds $SOCKET${prefix && ` --root-path ${prefix}`} app:app`,
    speaks: 'http',
  }),
}
