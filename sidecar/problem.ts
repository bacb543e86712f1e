// What is wrong with a configuration: every problem of it, each with its place.
import { ConfigError } from './errors.ts'
import { indented, linesOf, visible } from './line.ts'
import { stackOf } from './thrown.ts'

/** A place in the configuration: keys, and positions in lists. */
export type ConfigPath = readonly (string | number)[]

/** One thing that is wrong. */
export interface Problem {
  /** Stable, as of ConfigError. */
  readonly code: string
  /** `mounts./shop.venv`, `listen.0`, `--listen`; empty: the whole configuration. */
  readonly path: string
  readonly message: string
  /** `FILE:LINE` or `FILE`, when it is known. */
  readonly place?: string | undefined
  /** More lines: a stack, a Python traceback. */
  readonly detail?: string | undefined
}

/** A configuration that cannot be used. The message is that of the first problem. */
export class ConfigProblems extends ConfigError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(problems[0].code, problems[0].path, problems[0].message)
    this.problems = problems
  }
}

/** @throws {ConfigProblems} when there is a problem */
export function demand({ problems }: { readonly problems: readonly Problem[] }): void {
  const [first, ...others] = problems
  if (first) throw new ConfigProblems([first, ...others])
}

/** A place as text: `mounts./shop.venv`. */
export function formatPath(path: ConfigPath): string {
  return path.join('.')
}

/** One line, and its detail below it: `sidegate.config.yaml:7: mounts./shop.proceses: … [CONFIG_KEY]`. */
export function formatProblem(problem: Problem): string {
  const parts = [problem.place, problem.path].filter((part): part is string => part !== undefined && part !== '')
  const [first = '', ...more] = linesOf(`${parts.map((part) => `${visible(part)}: `).join('')}${problem.message}`)
  const below = problem.detail ? [...more, problem.detail] : more
  return `${first} [${problem.code}]${below.length > 0 ? `\n${indented(below.join('\n'))}` : ''}`
}

/** The problems that a thrown error stands for; undefined when it is no error of the configuration. */
export function problemsOf(error: unknown): readonly Problem[] | undefined {
  if (error instanceof ConfigProblems) return error.problems
  if (error instanceof AggregateError) {
    const all = error.errors.map(problemsOf)
    return all.every((problems) => problems !== undefined) ? all.flat() : undefined
  }
  if (!(error instanceof ConfigError)) return undefined
  return [{ code: error.code, path: error.path, message: error.message, detail: detailOf(error) }]
}

/** What stands behind an error: the stack of what a module threw, a traceback; not that of a failed system call, which says nothing more. */
function detailOf({ cause }: ConfigError): string | undefined {
  if (typeof cause === 'string') return cause
  return cause instanceof Error && 'syscall' in cause ? undefined : stackOf(cause)
}
