import type { Framework } from '../framework.ts'

export const nitro: Framework = {
  name: 'nitro',
  title: 'Nitro',
  packages: { npm: ['nitropack@2.13.6'] },
  prepare: [['node_modules/.bin/nitropack', 'build']],
  mount: ({ prefix }) => ({
    node: './.output/server/index.mjs#listener',
    ...(prefix ? { keepPrefix: true, processes: 1, env: { NITRO_APP_BASE_URL: `${prefix}/` } } : {}),
  }),
  know: ['Built with `preset: "node-listener"`; NITRO_APP_BASE_URL is its prefix.'],
}
