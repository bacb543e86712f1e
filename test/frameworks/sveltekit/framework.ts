import type { Framework } from '../framework.ts'

export const sveltekit: Framework = {
  name: 'sveltekit',
  title: 'SvelteKit',
  packages: {
    npm: [
      '@sveltejs/kit@3.2.0',
      '@sveltejs/adapter-node@6.0.1',
      '@sveltejs/vite-plugin-svelte@7.3.1',
      'svelte@5.57.3',
      'vite@8.3.8',
    ],
  },
  prepare: [
    ['node_modules/.bin/vite', 'build'],
    ['env', 'BASE=/x', 'node_modules/.bin/vite', 'build'],
  ],
  mount: ({ prefix }) => ({
    node: `./build${prefix}/handler.js#handler`,
    ...(prefix ? { keepPrefix: true } : {}),
    processes: 1,
    env: { BODY_SIZE_LIMIT: '2M' },
  }),
  know: [
    'Built with adapter-node, whose `handler.js` is the app; its prefix is `paths.base`, at the time of the build.',
    'A body may have 512 KiB unless BODY_SIZE_LIMIT says otherwise.',
    'A form from another origin is refused: the web server in front passes Host on as it came, and `csrf.trustedOrigins` names others.',
  ],
}
