import type { Framework } from '../framework.ts'

export const webapp2: Framework = {
  name: 'webapp2',
  title: 'webapp2',
  packages: { pip: ['webapp2==3.0.0b1', 'webob==1.8.11'] },
  mount: ({ environment, prefix }) => ({
    python: 'app:app',
    ...environment,
    ...(prefix ? { env: { PREFIX: prefix } } : {}),
  }),
  know: [
    'It matches SCRIPT_NAME and PATH_INFO together: routes below a prefix stand in a `PathPrefixRoute`. The app takes the prefix from PREFIX.',
  ],
}
