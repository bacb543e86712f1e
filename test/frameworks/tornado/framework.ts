import type { Framework } from '../framework.ts'

export const tornado: Framework = {
  name: 'tornado',
  title: 'Tornado',
  packages: { pip: ['tornado==6.6.1'] },
  mount: ({ program, prefix }) => ({
    run: `${program('python')} app.py $SOCKET ${prefix}`.trim(),
    speaks: 'http',
    ...(prefix ? { keepPrefix: true } : {}),
  }),
  know: [
    'Its own server on a Unix socket: `HTTPServer(app, xheaders=True).add_socket(bind_unix_socket(path))`. Its routes carry the prefix.',
    'HEAD wants a `head` of the handler.',
  ],
}
