import type { Framework } from '../framework.ts'

export const bottle: Framework = {
  name: 'bottle',
  title: 'Bottle',
  packages: { pip: ['bottle==0.13.4'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
}
