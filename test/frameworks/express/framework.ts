import type { Framework } from '../framework.ts'

export const express: Framework = {
  name: 'express',
  title: 'Express',
  packages: { npm: ['express@5.3.0', 'express-session@1.19.0', 'multer@2.2.0'] },
  mount: ({ prefix }) => (prefix ? { node: './app.mjs#below', keepPrefix: true } : { node: './app.mjs#app' }),
  know: [
    'With `keepPrefix` and the routes in `app.use(prefix, router)`, `req.baseUrl` is the prefix for links.',
    'multer reads names of files as ISO-8859-1 unless `defParamCharset` says otherwise.',
  ],
}
