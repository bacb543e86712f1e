import type { Framework } from '../framework.ts'

export const uliweb: Framework = {
  name: 'uliweb',
  title: 'Uliweb',
  packages: { pip: ['uliweb3==0.3.2'] },
  mount: ({ environment }) => ({ python: 'wsgi_handler:application', ...environment }),
  know: [
    'Uliweb 0.6 is Python 2; the package for Python 3 is `uliweb3`. `uliweb makeproject` has written wsgi_handler.py.',
    "A session wants `'uliweb.contrib.session'` among INSTALLED_APPS.",
  ],
}
