// A folder in which the tests of one file run the real command.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { temporaryFolder } from '../harness.ts'
import { Sidegate } from './sidegate.ts'

/** The folder, and what is done in it. */
export interface CommandFolder {
  readonly path: string
  /** Writes a file; its name is below the folder. */
  write(name: string, text: string): void
  /** Runs the command there, or in another folder, until it ends or the test does. */
  run(words: readonly string[], environment?: Record<string, string>, cwd?: string): Sidegate
}

/** Makes one; after each test what was run is stopped, after all of them the folder is removed. */
export function commandFolder(): CommandFolder {
  const { path, remove } = temporaryFolder()
  const running: Sidegate[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()))
  })
  afterAll(remove)
  return {
    path,
    write: (name, text) => writeFileSync(join(path, name), text),
    run(words, environment, cwd = path) {
      const one = new Sidegate(words, cwd, environment)
      running.push(one)
      return one
    },
  }
}
