import type { Family, Server } from './family.ts'
import { PORT } from './family.ts'
import { webSocketAt } from '../frameworks/web-socket.ts'

/** Both ways to the same server: Sidegate starts it, or it is there. */
function both(
  title: string,
  name: string,
  words: { run: string; upstream: string },
  more: Partial<Server> = {},
): Server[] {
  return [
    { title: `${title}, by \`run\``, package: name, mount: () => ({ run: words.run, speaks: 'http' }), ...more },
    {
      title: `${title}, by \`upstream\``,
      package: name,
      mount: () => ({ upstream: `http://127.0.0.1:${PORT}` }),
      command: words.upstream,
      ...more,
    },
  ]
}

export const python: Family = {
  name: 'python',
  title: "Python's servers",
  packages: {
    pip: ['gunicorn==27.0.1', 'waitress==3.0.2', 'cheroot==11.1.2', 'tornado==6.6.1', 'twisted==26.10.0'],
  },
  about: [
    'A [`python`](python.md) or [`asgi`](asgi.md) mount needs none of them. Where one is there already, or has to stay, it speaks HTTP and knows no prefix; a few lines around a WSGI app do what `ProxyFix(app, x_prefix=1)` of Werkzeug does:',
  ],
  shown: 'prefix.py',
  servers: [
    ...both('Gunicorn', 'gunicorn', {
      run: '.venv/bin/gunicorn --threads 4 --bind unix:$SOCKET prefix:app',
      upstream: `.venv/bin/gunicorn --threads 4 --bind 127.0.0.1:${PORT} prefix:app`,
    }),
    {
      title: 'Gunicorn, with SCRIPT_NAME',
      package: 'gunicorn',
      mount: (prefix) => ({
        run: '.venv/bin/gunicorn --threads 4 --bind unix:$SOCKET app:app',
        speaks: 'http',
        ...(prefix && { keepPrefix: true, env: { SCRIPT_NAME: prefix } }),
      }),
    },
    {
      title: 'Gunicorn, ASGI',
      package: 'gunicorn',
      mount: (prefix) => ({
        run: `.venv/bin/gunicorn --worker-class asgi --bind unix:$SOCKET${prefix && ` --root-path ${prefix}`} sockets:app`,
        speaks: 'http',
      }),
      checks: [webSocketAt('/socket')],
    },
    ...both('Waitress', 'waitress', {
      run: '.venv/bin/waitress-serve --unix-socket=$SOCKET prefix:app',
      upstream: `.venv/bin/waitress-serve --listen=127.0.0.1:${PORT} prefix:app`,
    }),
    {
      title: 'Waitress, with its own prefix',
      package: 'waitress',
      mount: (prefix) => ({
        run: `.venv/bin/waitress-serve --unix-socket=$SOCKET${prefix && ` --url-prefix=${prefix}`} app:app`,
        speaks: 'http',
        ...(prefix && { keepPrefix: true }),
      }),
    },
    ...both("CherryPy's server, cheroot", 'cheroot', {
      run: '.venv/bin/python -m cheroot --bind $SOCKET prefix:app',
      upstream: `.venv/bin/python -m cheroot --bind 127.0.0.1:${PORT} prefix:app`,
    }),
    ...both(
      'Tornado',
      'tornado',
      {
        run: '.venv/bin/python tornado_site.py unix:$SOCKET',
        upstream: `.venv/bin/python tornado_site.py ${PORT}`,
      },
      { checks: [webSocketAt('/socket')] },
    ),
    ...both('twisted.web', 'twisted', {
      run: '.venv/bin/python twisted_site.py unix:$SOCKET',
      upstream: `.venv/bin/python twisted_site.py tcp:${PORT}:interface=127.0.0.1`,
    }),
    {
      title: 'twisted.web, WSGI, by `run`',
      package: 'twisted',
      mount: () => ({
        run: '.venv/bin/twist --log-format=text web --wsgi prefix.app --listen tcp:$PORT:interface=127.0.0.1',
        speaks: 'http',
        env: { PYTHONPATH: '.' },
        streamBodies: false,
      }),
      know: 'it wants a port, as it knows no client on a Unix socket, and bodies with a length; without `--log-format=text` it says nothing of what went wrong.',
    },
    {
      title: 'twisted.web, WSGI, by `upstream`',
      package: 'twisted',
      mount: () => ({ upstream: `http://127.0.0.1:${PORT}`, streamBodies: false }),
      command: `env PYTHONPATH=. .venv/bin/twist --log-format=text web --wsgi prefix.app --listen tcp:${PORT}:interface=127.0.0.1`,
    },
  ],
}
