import type { Framework } from '../framework.ts'

export const pyramid: Framework = {
  name: 'pyramid',
  title: 'Pyramid',
  packages: { pip: ['pyramid==2.1'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
}
