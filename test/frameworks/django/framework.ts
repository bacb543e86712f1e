import type { Framework } from '../framework.ts'

export const django: Framework = {
  name: 'django',
  title: 'Django',
  packages: { pip: ['django==5.2.19'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  know: [
    'With DEBUG off Django writes no traceback anywhere, but by mail to ADMINS. LOGGING with a StreamHandler at the root brings it to the log.',
  ],
}
