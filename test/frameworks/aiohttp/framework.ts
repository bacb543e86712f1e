import type { Framework } from '../framework.ts'

export const aiohttp: Framework = {
  name: 'aiohttp',
  title: 'aiohttp',
  packages: { pip: ['aiohttp==3.14.5'] },
  mount: ({ program, prefix }) => ({
    run: `${program('python')} app.py $SOCKET ${prefix}`.trim(),
    speaks: 'http',
    ...(prefix ? { keepPrefix: true } : {}),
  }),
  know: [
    'Its own server on a Unix socket: `web.run_app(app, path=socket)`. Below a prefix the app is added by `add_subapp`.',
    'A body may have 1 MiB unless `client_max_size` says otherwise.',
  ],
}
