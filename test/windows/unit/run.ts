// Runs the unit part of the tests under node.exe, and tells what was left out.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { temporaryFolder } from '../../harness.ts'
import { BINDINGS, nodeExe, PYTHON } from '../places.ts'
import { windowsPath, WindowsProgram } from '../wine.ts'
import { FILES_LEFT_OUT, TESTS_LEFT_OUT } from './left-out.ts'

const ROOT = join(import.meta.dirname, '../../..')
const KEEP_ALIVE = pathToFileURL(join(import.meta.dirname, '../apps/keep-alive.mjs')).href.replace('///', '///Z:/')
/** No run of it hangs longer. */
const LIMIT_MS = 30 * 60_000

/** What Vitest's `json` reporter gives, as far as it is used. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numTotalTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** How it went. */
export interface UnitResult {
  readonly files: number
  readonly passed: number
  readonly failed: number
  readonly leftOut: number
  /** Entries of left-out.ts that fit nothing. */
  readonly stale: readonly string[]
}

/** Runs them; the output of Vitest goes to standard error. */
export async function runUnit(): Promise<UnitResult> {
  const folder = temporaryFolder()
  const report = join(folder.path, 'report.json')
  const vitest = windowsPath(join(ROOT, 'node_modules/vitest/vitest.mjs'))
  const config = windowsPath(join(import.meta.dirname, 'vitest.config.ts'))
  const words = [nodeExe('24.21.0'), vitest, 'run', '--config', config, '--outputFile.json', windowsPath(report)]
  const program = new WindowsProgram(words, {
    cwd: ROOT,
    env: {
      NODE_PATH: windowsPath(BINDINGS),
      NODE_OPTIONS: `--import=${KEEP_ALIVE}`,
      WINEPATH: windowsPath(dirname(PYTHON)),
      NO_COLOR: '1',
    },
  })
  const late = setTimeout(() => void program.kill(), LIMIT_MS)
  const code = await program.exited
  clearTimeout(late)
  process.stderr.write(program.output)
  if (!existsSync(report)) throw new Error('Vitest under node.exe has left no report')
  const {
    testResults,
    numPassedTests: passed,
    numFailedTests,
    numTotalTests,
  } = JSON.parse(readFileSync(report, 'utf8')) as Report
  folder.remove()
  const brokenFiles = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  const told = numFailedTests + brokenFiles.length
  // A file whose process dies is in no report.
  const failed = code === 0 ? told : Math.max(told, 1)
  return {
    files: testResults.length,
    passed,
    failed,
    leftOut: numTotalTests - passed - numFailedTests,
    stale: stale(testResults),
  }
}

function stale(results: Report['testResults']): string[] {
  const files = Object.keys(FILES_LEFT_OUT).filter((file) => !existsSync(join(ROOT, 'test', file)))
  const tests = TESTS_LEFT_OUT.filter(
    ([place, pattern]) =>
      !results.some(
        ({ name, assertionResults }) =>
          name.replaceAll('\\', '/').endsWith(`/test/${place}`) &&
          assertionResults.some(({ fullName, status }) => status !== 'passed' && pattern.test(fullName)),
      ),
  ).map(([place, pattern]) => `${place} ${String(pattern)}`)
  return [...files, ...tests]
}
