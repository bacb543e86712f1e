// Besides the usual rules, this file guards who may import whom.
import { defineConfig } from 'oxlint'
import { sources } from './test/house/imports.ts'
import { restrictions } from './test/house/rules.ts'
import { rooms } from './test/house/rooms.ts'

/** No import that fits `group`, written as in .gitignore: the last pattern that fits counts, and `!` allows. */
const no = (group: string[], message: string, allowTypeImports = false) => ({ group, message, allowTypeImports })

const drawer = '**/{util,utils,helper,helpers}.ts'
const drawers = no([drawer], 'No drawers: name the file after the one thing it is about.')
const wireInput = no(
  ['*', '!node:buffer', '!./*', '!../errors.ts', '!../refused.ts', '!../token.ts', '!../variables.ts', drawer],
  'wire/ is bytes in, events out: node:buffer, its own files, the errors, and what names and variables are.',
)
const hostTypes = no(['*'], 'plugin/host.ts is an interface: it imports types only.', true)

type Rule = ['error', object]
const only = (...patterns: ReturnType<typeof no>[]): { 'no-restricted-imports': Rule } => ({
  'no-restricted-imports': ['error', { patterns: [drawers, ...patterns] }],
})

/** The plan of the house. */
const plan = restrictions(sources(import.meta.dirname), rooms)

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'vitest'],
  categories: { correctness: 'error' },
  ignorePatterns: ['dist', '/run', 'test/vectors'],
  options: { reportUnusedDisableDirectives: 'error' },
  rules: {
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-var': 'error',
    'prefer-const': 'error',
    'no-throw-literal': 'error',
    'preserve-caught-error': 'error',
    'no-self-compare': 'error',
    'no-useless-return': 'error',
    'import/no-cycle': 'error',
    'import/no-self-import': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'vitest/no-focused-tests': 'error',
    ...only(),
  },
  // Of the overrides that fit a file, the last one that names a rule counts.
  overrides: [
    {
      files: ['sidecar/**', 'plugin/**'],
      rules: {
        'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
        'unicorn/no-process-exit': 'error',
      },
    },
    {
      files: ['sidecar/main.ts', 'sidecar/worker/main.ts', 'plugin/iis/handler.ts'],
      rules: { 'unicorn/no-process-exit': 'off' },
    },
    ...plan.map(({ files, patterns }) => ({
      files: [...files],
      rules: only(...patterns.map(({ group, message }) => no(group, message))),
    })),
    {
      files: ['sidecar/wire/**'],
      rules: {
        ...only(wireInput),
        'no-restricted-globals': [
          'error',
          ...['console', 'fetch', 'performance', 'process', 'setImmediate', 'setInterval', 'setTimeout'].map(
            (name) => ({
              name,
              message: 'wire/ does no I/O and waits for nothing.',
            }),
          ),
        ],
      },
    },
    { files: ['plugin/host.ts'], rules: only(hostTypes) },
    { files: ['**/*.test.ts'], rules: { ...only(), 'max-lines': 'off', 'no-restricted-globals': 'off' } },
  ],
})
