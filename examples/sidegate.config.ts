// What `npm start` runs: apps of four kinds, mounted side by side.
import { defineConfig } from 'sidegate'

export default defineConfig({
  listen: ['127.0.0.1:8000'],
  mounts: {
    '/': { app: './hello.ts' },
    '/express': { node: './express/app.js' },
    '/shop': { python: 'shop:application', cwd: './python', processes: 2 },
    '/static': { files: './public' },
  },
})
