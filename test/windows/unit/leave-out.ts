// Runs before each test file on Windows: skips the tests that left-out.ts names, with their reasons.
import { relative } from 'node:path'
import { beforeEach } from 'vitest'
import { TESTS_LEFT_OUT } from './left-out.ts'

beforeEach(({ task, skip }) => {
  const file = relative(`${process.cwd()}/test`, task.file.filepath).replaceAll('\\', '/')
  const name = task.fullTestName.replaceAll(' > ', ' ')
  const found = TESTS_LEFT_OUT.find(([place, pattern]) => place === file && pattern.test(name))
  if (found) skip(found[2])
})
