// After a run of all tests: fails it when a documented error code was raised by none of them. A run of some of the files checks nothing.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reporter, TestModule, Vitest } from 'vitest/node'
import { documentedCodes } from './documented.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder where each process notes the codes that were raised in it. */
    notedCodes: string | undefined
  }
}

export class CodesReporter implements Reporter {
  #vitest: Vitest | undefined
  #folder = ''

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    this.#folder = mkdtempSync(join(tmpdir(), 'sidegate-codes-'))
    vitest.provide('notedCodes', this.#folder)
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const noted = readdirSync(this.#folder).flatMap((name) =>
      readFileSync(join(this.#folder, name), 'utf8').split('\n'),
    )
    rmSync(this.#folder, { recursive: true })
    const { config, globTestSpecifications } = this.#vitest!
    const all = await globTestSpecifications.call(this.#vitest)
    if (modules.length < all.length || config.testNamePattern) return
    const never = documentedCodes().filter((code) => !noted.includes(code))
    if (never.length === 0) return
    console.error(`\nNo test provokes these codes of docs/errors.md: ${never.join(', ')}\n`)
    process.exitCode = 1
  }
}
