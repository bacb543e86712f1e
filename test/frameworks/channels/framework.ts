import { withWebSockets } from '../checks.ts'
import type { Framework } from '../framework.ts'

export const channels: Framework = {
  name: 'channels',
  title: 'Channels (Django)',
  packages: { pip: ['channels==4.3.2', 'django==5.2.19'] },
  mount: ({ environment }) => ({ asgi: 'app:app', ...environment }),
  checks: withWebSockets,
}
