// SvelteKit with paths.base, built by adapter-node, whose handler is an export of the build.
import { demand, type RealApp } from './app.ts'

const files = {
  'vite.config.js': `import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'
export default { plugins: [sveltekit({ adapter: adapter(), paths: { base: '/kit' }, csrf: { trustedOrigins: ['*'] } })] }
`,
  'src/app.html': `<!doctype html><html lang="en"><head><meta charset="utf-8">%sveltekit.head%</head><body><div>%sveltekit.body%</div></body></html>\n`,
  'src/routes/+page.svelte': `<script>
  import { resolve } from '$app/paths'
</script>
<h1>Front page</h1><a href={resolve('/about')}>About</a>
<style>h1 { color: teal }</style>
`,
  'src/routes/about/+page.server.js': `import { redirect } from '@sveltejs/kit'
import { resolve } from '$app/paths'
export const load = ({ url }) => ({ who: url.searchParams.get('who'), path: url.pathname })
export const actions = { default: async ({ request }) => redirect(303, resolve('/about') + '?who=' + (await request.formData()).get('who')) }
`,
  'src/routes/about/+page.svelte': `<script>let { data } = $props()</script><h1>About {data.who} at {data.path}</h1>\n`,
}

export const sveltekit: RealApp = {
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
  itself: "`paths: { base: '/kit' }`, adapter-node, and `vite build`",
  files: () => files,
  prepare: () => [['node_modules/.bin/vite', 'build']],
  at: '/kit',
  mount: () => ({ node: './build/handler.js#handler', keepPrefix: true }),
  checks: [
    [
      'its front page with every script and style sheet',
      async (visitor) => {
        const page = await visitor.visit('/kit')
        demand(page.status === 200 && page.text.includes('Front page'), `status ${page.status}`)
        demand((await visitor.everyPart(page)) > 1, 'the page has no parts')
        const link = /<a href="([^"]+)"/.exec(page.text)?.[1] ?? ''
        demand(new URL(link, visitor.base + page.path).pathname === '/kit/about', `its link leads to ${link}`)
      },
    ],
    [
      'a page that is made for the request',
      async (visitor) => {
        const page = await visitor.visit('/kit/about?who=ann')
        demand(page.text.includes('About ann at /kit/about'), `status ${page.status}`)
      },
    ],
    [
      'a form, and its redirect',
      async (visitor) => {
        const page = await visitor.submit('/kit/about', { who: 'bob' }, { Origin: visitor.base, Accept: 'text/html' })
        demand(page.path === '/kit/about?who=bob', `it leads to ${page.path}, status ${page.status}`)
      },
    ],
  ],
}
