// What a command that failed prints: one line a problem.
import { formatProblem, problemsOf } from '../problem.ts'
import { SidegateError } from '../errors.ts'
import { visible } from '../line.ts'

/** The lines for whatever a command threw, each with its end. */
export function failureLines(error: unknown): string {
  const problems = problemsOf(error)
  if (problems) return problems.map((problem) => `sidegate: ${formatProblem(problem)}\n`).join('')
  if (error instanceof SidegateError) return `sidegate: ${visible(error.message)} [${error.code}]\n`
  return `sidegate: this should not happen, please report it\n${(error as Error).stack ?? String(error)}\n`
}
