import adapter from '@sveltejs/adapter-node'
import { sveltekit } from '@sveltejs/kit/vite'

const base = process.env.BASE ?? ''
export default {
  plugins: [
    sveltekit({
      adapter: adapter({ out: `build${base}` }),
      outDir: `.svelte-kit${base}`,
      paths: { base },
      csrf: { trustedOrigins: ['*'] },
    }),
  ],
}
