// `routes` → cases: what is asked for, and what answers, in the order of the steps.
import { ConfigError } from '../../errors.ts'
import type { ConfigPath } from '../../problem.ts'
import { answerOf, passWords, type Surroundings } from './action.ts'
import type { Group } from './group.ts'
import type { Case } from './compile.ts'
import { ALWAYS, conditionsOf, type Conditions } from './conditions.ts'
import { Refused } from './refused.ts'
import { NOT_FOUND, STAND_IN } from './target.ts'

/** Cases in all: routes that lead to routes have those of all of them, once for each way that leads there. */
const CASES_MAX = 2000

/** The routes of a configuration. */
export class Routes {
  readonly #routes: unknown
  readonly #around: Surroundings
  readonly #used = new Set<string>()
  /** Those that have led to where it is. */
  readonly #way: string[] = []
  #cases = 0

  /** @param routes a list, or lists by their names */
  constructor(routes: unknown, around: Surroundings) {
    this.#routes = routes
    this.#around = around
  }

  /** What `pass` of a listener leads to. @param path of it */
  cases(pass: unknown, path: ConfigPath): Case[] {
    return this.#pass({ pass }, path, ALWAYS)
  }

  /** Tells of those to which nothing leads. */
  rest(): void {
    const names = Array.isArray(this.#routes) ? [] : Object.keys((this.#routes ?? {}) as Group)
    for (const name of names) {
      if (!this.#used.has(name)) this.#around.told.left(['routes', name], 'nothing that is imported leads to it')
    }
    if (Array.isArray(this.#routes) && !this.#used.has('') && this.#routes.length > 0)
      this.#around.told.left(['routes'], 'nothing that is imported leads to them')
  }

  #pass(action: Group, path: ConfigPath, conditions: Conditions): Case[] {
    if (++this.#cases > CASES_MAX)
      throw new ConfigError(
        'IMPORT_SYNTAX',
        this.#around.told.place(path),
        `its routes have more than ${CASES_MAX} cases`,
      )
    try {
      const words = action.pass === undefined ? [] : passWords(action.pass)
      if (words[0] !== 'routes') return this.#answer(action, path, conditions)
      if (action.rewrite !== undefined || action.response_headers !== undefined)
        throw new Refused('rewrite and response_headers in front of a route: write them into its steps')
      return this.#steps(words[1], path, conditions)
    } catch (error) {
      return [this.#refused(error, path, conditions)]
    }
  }

  #steps(name: string | undefined, path: ConfigPath, conditions: Conditions): Case[] {
    const at = name === undefined ? ['routes'] : ['routes', name]
    const steps = name === undefined ? this.#routes : (this.#routes as Group | undefined)?.[name]
    if (!Array.isArray(steps)) throw new Refused(`there is no ${at.join('.')}`)
    if (this.#way.includes(name ?? '')) throw new Refused(`it leads in a circle: ${at.join('.')} has led here`)
    this.#used.add(name ?? '')
    this.#around.told.covered(path)
    this.#way.push(name ?? '')
    const cases = steps.flatMap((step: Group, index) => this.#step(step, [...at, index], conditions))
    this.#way.pop()
    // What none of them is for does not go on behind the route.
    return [...cases, { conditions, target: NOT_FOUND, to: undefined, below: '', path: [], note: undefined }]
  }

  #step({ match, action }: Group, path: ConfigPath, before: Conditions): Case[] {
    let all: readonly Conditions[]
    try {
      all = conditionsOf(match)
    } catch (error) {
      return [this.#refused(error, path, [...before, ...expressible(match as Group)])]
    }
    return all.flatMap((own) => this.#pass((action ?? {}) as Group, path, [...before, ...own]))
  }

  #answer(action: Group, path: ConfigPath, conditions: Conditions): Case[] {
    const at = path[0] === 'routes' ? [...path, 'action'] : path
    const { target, to, note } = answerOf(action, at, this.#around)
    if (target.script === '') return [{ conditions, target, to, below: '', path, note }]
    if (to !== undefined) throw new Refused('rewrite in front of an application with prefix')
    const outside = { conditions, target: NOT_FOUND, to, below: '', path: [], note: undefined }
    return [{ conditions, target, to, below: target.script, path, note }, outside]
  }

  /** Nobody else may answer what it was for: it may have kept somebody out. */
  #refused(error: unknown, path: ConfigPath, conditions: Conditions): Case {
    if (!(error instanceof Refused)) throw error
    this.#around.told.left(path, `${error.message}; until then what it is for gets 503`)
    return { conditions, target: STAND_IN, to: undefined, below: '', path: [], note: undefined }
  }
}

/** The members of a match that can be expressed: of those that cannot, all requests are taken. */
function expressible(match: Group): Conditions {
  return Object.entries(match).flatMap(([name, value]) => {
    try {
      const all = conditionsOf({ [name]: value })
      return all.length === 1 ? all[0]! : []
    } catch {
      return []
    }
  })
}
