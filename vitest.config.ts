import { defineConfig } from 'vitest/config'
import { CodesReporter } from './test/codes/reporter.ts'

export default defineConfig({
  test: {
    include: ['{sidecar,plugin,test}/**/*.test.ts'],
    environment: 'node',
    // a process a file: tests open sockets, start servers and change directories
    pool: 'forks',
    maxWorkers: 2,
    // real servers are started; on a busy machine that takes its time
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // which error codes are raised, and whether any is not
    setupFiles: ['test/codes/record.ts'],
    reporters: ['default', new CodesReporter()],
  },
})
