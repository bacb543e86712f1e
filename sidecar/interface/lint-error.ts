// What lint throws.
import { SidegateError, type Blame } from '../errors.ts'

/** The parts of the interface that lint tells apart. */
export type LintCode =
  | 'LINT_CALL'
  | 'LINT_ENVIRON'
  | 'LINT_INPUT'
  | 'LINT_ERRORS'
  | 'LINT_START_RESPONSE'
  | 'LINT_STATUS'
  | 'LINT_HEADERS'
  | 'LINT_BODY'
  | 'LINT_UPGRADE'
  | 'LINT_LAYER'

/** Whose fault lint may find it. */
type LintBlame = 'app' | 'layer' | 'gateway'

/**
 * A rule of the interface, or of layers, was broken; `blame` says by which side. Middleware stands on both: it is the gateway of the app inside
 * it.
 */
export class LintError extends SidegateError {
  override readonly blame: Blame

  constructor(code: LintCode, blame: LintBlame, message: string) {
    super(code, message, 500)
    this.blame = blame
  }
}

/** @throws {LintError} unless `condition` holds. */
export type Demand = (condition: boolean, message: string | (() => string)) => asserts condition

/** A check for one part and one side. */
export function demandFor(code: LintCode, blame: LintBlame): Demand {
  return (condition, message) => {
    if (!condition) throw new LintError(code, blame, typeof message === 'string' ? message : message())
  }
}

/** A value in a few characters, for messages. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol' || typeof value === 'bigint') return String(value)
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  text ??= String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
