import type { Framework } from '../framework.ts'

export const nestjs: Framework = {
  name: 'nestjs',
  title: 'NestJS',
  packages: {
    npm: [
      '@nestjs/common@12.5.1',
      '@nestjs/core@12.5.1',
      '@nestjs/platform-express@12.5.1',
      'express-session@1.19.0',
      'reflect-metadata@0.2.2',
      'rxjs@7.8.2',
    ],
  },
  mount: ({ prefix }) =>
    prefix ? { node: './app.mjs', keepPrefix: true, processes: 1, env: { PREFIX: prefix } } : { node: './app.mjs' },
  know: [
    'The module exports `app.getHttpAdapter().getInstance()` once `await app.init()` is done, and does not listen; below a prefix `app.setGlobalPrefix(prefix)`.',
  ],
}
