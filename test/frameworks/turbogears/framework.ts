import type { Framework } from '../framework.ts'

export const turbogears: Framework = {
  name: 'turbogears',
  title: 'TurboGears 2',
  packages: { pip: ['turbogears2==2.5.1', 'kajiki==1.0.2'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
}
