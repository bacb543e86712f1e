import type { Framework } from '../framework.ts'

export const trac: Framework = {
  name: 'trac',
  title: 'Trac',
  packages: { pip: ['trac==1.6', 'setuptools<81'] },
  prepare: [
    ['rm', '-rf', 'env'],
    ['.venv/bin/trac-admin', 'env', 'initenv', 'Matrix', 'sqlite:db/trac.db'],
    ['.venv/bin/trac-admin', 'env', 'config', 'set', 'components', 'app.*', 'enabled'],
    ['.venv/bin/trac-admin', 'env', 'config', 'set', 'trac', 'default_handler', 'Matrix'],
    ['.venv/bin/trac-admin', 'env', 'config', 'set', 'logging', 'log_type', 'stderr'],
  ],
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  know: [
    "A plugin with the pages of the others. `TRAC_ENV` names the environment, `trac.web.main.dispatch_request` is the app. Trac wants setuptools' pkg_resources, which left with 81.",
    '`log_type = stderr` brings tracebacks to the log.',
    'Its `req.write` collects what a generator gives; one call for each piece sends each.',
    'Its `/login` wants REMOTE_USER from the web server.',
  ],
}
