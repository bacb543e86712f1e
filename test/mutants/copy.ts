// A copy of the project in a temporary folder, in which sources are changed and tests run: whatever ends a run, the project itself was
// never touched.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** A mutant that goes round for ever is one that was noticed. */
const LIMIT_MS = 120_000
const LIMIT_MS_PER_FILE = 20_000
const REPORT = 'tests.json'

/** How a run of tests ended. */
export type Outcome = 'passed' | 'failed' | 'late'

export class Copy {
  readonly root: string
  /** The test files that have failed. */
  readonly failed = new Set<string>()
  #running: number | undefined

  constructor(project: string) {
    this.root = mkdtempSync(join(tmpdir(), 'sidegate-mutants-'))
    for (const name of readdirSync(project)) {
      if (name === 'node_modules' || name === 'run' || name === '.git') continue
      // without the Node.js of other versions, which are large
      cpSync(join(project, name), join(this.root, name), {
        recursive: true,
        filter: (path) => !path.endsWith('/node_modules'),
      })
    }
    symlinkSync(join(project, 'node_modules'), join(this.root, 'node_modules'))
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.root, file), text)
  }

  /** Builds it, as tests start the built program; 'failed': the compiler has noticed. */
  build(): Promise<Outcome> {
    return this.#run(['test/runtime/build.mjs'])
  }

  /** Runs test files, until the first failure. */
  async test(files: readonly string[]): Promise<Outcome> {
    const { outcome, failed } = await this.#test(files, ['--bail=1'])
    for (const file of failed) this.failed.add(file)
    return outcome
  }

  /** Those of some test files that fail. */
  async failing(files: readonly string[]): Promise<string[]> {
    return files.length === 0 ? [] : (await this.#test(files)).failed
  }

  async #test(
    files: readonly string[],
    options: readonly string[] = [],
  ): Promise<{ outcome: Outcome; failed: string[] }> {
    const report = join(this.root, REPORT)
    rmSync(report, { force: true })
    const all = ['run', ...options, '--reporter=json', `--outputFile=${REPORT}`, '--maxWorkers=1', ...files]
    const limit = LIMIT_MS + LIMIT_MS_PER_FILE * files.length
    const outcome = await this.#run(['node_modules/vitest/vitest.mjs', ...all], limit)
    if (outcome !== 'failed' || !existsSync(report)) return { outcome, failed: [] }
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: readonly { name: string; status: string }[]
    }
    const failed = testResults.filter(({ status }) => status === 'failed')
    return { outcome, failed: failed.map(({ name }) => relative(this.root, name)) }
  }

  async #run(words: readonly string[], limit = LIMIT_MS): Promise<Outcome> {
    const child = spawn(process.execPath, words, { cwd: this.root, detached: true, stdio: 'ignore' })
    this.#running = child.pid
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#kill()
    }, limit)
    const code = await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(timer)
    // what a broken gateway has left behind
    this.#kill()
    this.#running = undefined
    if (late) return 'late'
    return code === 0 ? 'passed' : 'failed'
  }

  #kill(): void {
    if (this.#running === undefined) return
    try {
      process.kill(-this.#running, 'SIGKILL')
    } catch {
      // all of them have ended
    }
  }

  remove(): void {
    this.#kill()
    rmSync(this.root, { recursive: true, force: true })
  }
}
