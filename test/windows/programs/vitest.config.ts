// The part `programs` of `npm run test:windows`: the command, and what it starts, on node.exe.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('../../..', import.meta.url).pathname,
    include: ['test/windows/programs/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // a start of node.exe takes a second, and several on a busy machine
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
