// Real programs for run mounts: what they are called, how they are started, and what has to be installed.
import { fileURLToPath } from 'node:url'
import { program } from '../harness.ts'

export const apps: string = fileURLToPath(new URL('apps/', import.meta.url))

/** A program under test. */
export interface Program {
  readonly name: string
  /** What has to be on the PATH. */
  readonly needs: readonly string[]
  /** The settings of the mount. */
  readonly settings: Record<string, unknown> & { run: string | string[]; speaks: string }
}

/** Debian's own Python has the packages. */
const python = { PATH: `/usr/bin:/bin:${process.env.PATH ?? ''}` }

/** The one that ships for Pythons that workers cannot have. */
const older = fileURLToPath(new URL('../../configs/python2/serve.py', import.meta.url))
/** Programs on PATH beside Debian's Python: SIDEGATE_TEST_OLD_PYTHONS=python2.7:jython */
const olderPythons = ['python3', ...(process.env.SIDEGATE_TEST_OLD_PYTHONS?.split(':') ?? [])]

/** The same app as `programs`. */
export const olderPrograms: readonly Program[] = olderPythons.map((file): Program => ({
  name: `configs/python2/serve.py by ${file}`,
  needs: [file],
  settings: {
    run: [file, older, 'wsgi:application', '$PORT'],
    speaks: 'http',
    streamBodies: false,
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  },
}))

/** Each serves an app that answers `METHOD|SCRIPT_NAME|PATH_INFO|QUERY_STRING|` and the request body. */
export const programs: readonly Program[] = [
  {
    name: 'plackup -s FCGI (PSGI, Perl)',
    needs: ['plackup'],
    settings: { run: 'plackup -s FCGI --listen $SOCKET --no-default-middleware app.psgi', speaks: 'fastcgi' },
  },
  {
    name: 'puma (Rack, Ruby)',
    needs: ['puma'],
    settings: { run: 'puma --quiet --bind unix://$SOCKET config.ru', speaks: 'http', keepPrefix: true },
  },
  {
    name: 'rackup by ruby-fcgi (Rack, Ruby)',
    needs: ['rackup'],
    settings: {
      run: 'rackup --quiet --env none --server fastcgi --option File=$SOCKET fastcgi.ru',
      speaks: 'fastcgi',
    },
  },
  {
    name: 'WSAPI (Lua) by spawn-fcgi',
    needs: ['lua5.1', 'spawn-fcgi', 'wsapi.fcgi'],
    settings: { run: 'spawn-fcgi -n -s $SOCKET -- /usr/bin/lua5.1 app.lua', speaks: 'fastcgi' },
  },
  {
    name: 'php-cgi -b',
    needs: ['php-cgi'],
    settings: {
      run: 'php-cgi -b $SOCKET',
      speaks: 'fastcgi',
      root: '.',
      frontController: '/app.php',
      env: { PHP_FCGI_CHILDREN: '2' },
    },
  },
  ...(['uwsgi', 'fastcgi', 'scgi', 'http'] as const).map((speaks): Program => ({
    name: `uWSGI by ${speaks}`,
    needs: ['uwsgi'],
    settings: {
      run: `uwsgi --plugin python3 --${speaks === 'uwsgi' ? '' : `${speaks}-`}socket $SOCKET --wsgi-file wsgi.py --callable application --master --processes 2 --die-on-term --need-app`,
      speaks,
      env: python,
      // Apps on uWSGI get no bodies in chunks, but by a function of its own.
      ...(speaks === 'http' && { streamBodies: false }),
    },
  })),
  {
    name: 'gunicorn on a port',
    needs: ['gunicorn'],
    settings: { run: ['gunicorn', '--bind', '127.0.0.1:$PORT', 'wsgi:application'], speaks: 'http', env: python },
  },
  ...olderPrograms,
  {
    name: 'uvicorn (ASGI)',
    needs: ['uvicorn'],
    settings: { run: 'uvicorn --uds $SOCKET --no-access-log asgi:application', speaks: 'http', env: python },
  },
]

/** What of it is not on this machine. */
export function missing({ needs }: Program): string[] {
  return needs.filter((name) => program(name) === undefined)
}
