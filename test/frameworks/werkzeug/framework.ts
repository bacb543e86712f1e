import type { Framework } from '../framework.ts'

export const werkzeug: Framework = {
  name: 'werkzeug',
  title: 'Werkzeug',
  packages: { pip: ['werkzeug==3.1.9'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  know: ['An exception of the app goes through to Sidegate, which answers 500 (APP_RAISED) and logs the traceback.'],
}
