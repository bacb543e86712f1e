// Vitest inside Wine: the unit part of the tests, on node.exe.
import { defineConfig } from 'vitest/config'
import { FILES_LEFT_OUT, FOLDERS } from './left-out.ts'

export default defineConfig({
  root: `${import.meta.dirname}/../../..`,
  test: {
    include: FOLDERS.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: Object.keys(FILES_LEFT_OUT).map((file) => `test/${file}`),
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/windows/unit/leave-out.ts'],
    reporters: ['default', 'json'],
  },
})
