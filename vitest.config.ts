import { configDefaults, defineConfig } from 'vitest/config'
import { CodesReporter } from './test/codes/reporter.ts'
import { LongFirst } from './test/long-first.ts'

export default defineConfig({
  test: {
    include: ['{sidecar,plugin,test}/**/*.test.ts'],
    // of `npm run test:windows`
    exclude: [...configDefaults.exclude, 'test/windows/programs/**'],
    environment: 'node',
    // a process a file: tests open sockets, start servers and change directories
    pool: 'forks',
    // twice the two processors that everybody has: tests wait for servers a third of their time
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // real servers are started; on a busy machine that takes its time
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // which error codes are raised, and whether any is not
    setupFiles: ['test/codes/record.ts'],
    reporters: ['default', new CodesReporter()],
  },
})
