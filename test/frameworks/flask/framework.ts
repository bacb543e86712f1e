import type { Framework } from '../framework.ts'

export const flask: Framework = {
  name: 'flask',
  title: 'Flask',
  packages: { pip: ['flask==3.1.3'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
}
