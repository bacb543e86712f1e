import { configDefaults, defineConfig } from 'vitest/config'
import { CodesReporter } from './test/codes/reporter.ts'
import { LongFirst } from './test/long-first.ts'
import { together } from './test/together.ts'

/** The programs are of `npm run test:windows`. */
const exclude = [...configDefaults.exclude, 'test/windows/programs/**']

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    // twice the two processors that everybody has: tests wait for servers a third of their time
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // real servers are started; on a busy machine that takes its time
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // and so does what is waited for: a second is none there
    expect: { poll: { timeout: 20_000 } },
    // which error codes are raised, and whether any is not
    setupFiles: ['test/codes/record.ts'],
    reporters: ['default', new CodesReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['{sidecar,plugin,test}/**/*.test.ts'],
          exclude: [...exclude, ...together],
        },
      },
      { extends: true, test: { name: 'together', include: [...together], isolate: false } },
    ],
  },
})
