// `routes` → cases: what is asked for, and what answers, in the order of the steps.
import type { ConfigPath } from '../../problem.ts'
import { answerOf, passWords, type Surroundings } from './action.ts'
import type { Group } from './group.ts'
import type { Case } from './compile.ts'
import { ALWAYS, conditionsOf, type Conditions } from './conditions.ts'
import { Refused } from './refused.ts'
import { NOT_FOUND, STAND_IN } from './target.ts'

/** Routes that lead to routes: more is a circle. */
const DEPTH_MAX = 10

/** The routes of a configuration. */
export class Routes {
  readonly #routes: unknown
  readonly #around: Surroundings
  readonly #used = new Set<string>()

  /** @param routes a list, or lists by their names */
  constructor(routes: unknown, around: Surroundings) {
    this.#routes = routes
    this.#around = around
  }

  /** What `pass` of a listener leads to. @param path of it */
  cases(pass: unknown, path: ConfigPath): Case[] {
    return this.#pass({ pass }, path, ALWAYS, 0)
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

  #pass(action: Group, path: ConfigPath, conditions: Conditions, depth: number): Case[] {
    try {
      const words = action.pass === undefined ? [] : passWords(action.pass)
      if (words[0] !== 'routes') return this.#answer(action, path, conditions)
      if (action.rewrite !== undefined || action.response_headers !== undefined)
        throw new Refused('rewrite and response_headers in front of a route: write them into its steps')
      if (depth > DEPTH_MAX) throw new Refused('routes lead to each other')
      return this.#steps(words[1], path, conditions, depth)
    } catch (error) {
      return [this.#refused(error, path, conditions)]
    }
  }

  #steps(name: string | undefined, path: ConfigPath, conditions: Conditions, depth: number): Case[] {
    const at = name === undefined ? ['routes'] : ['routes', name]
    const steps = name === undefined ? this.#routes : (this.#routes as Group | undefined)?.[name]
    if (!Array.isArray(steps)) throw new Refused(`there is no ${at.join('.')}`)
    this.#used.add(name ?? '')
    this.#around.told.covered(path)
    const cases = steps.flatMap((step: Group, index) => this.#step(step, [...at, index], conditions, depth))
    // What none of them is for does not go on behind the route.
    return [...cases, { conditions, target: NOT_FOUND, to: undefined, below: '', path: [], note: undefined }]
  }

  #step({ match, action }: Group, path: ConfigPath, before: Conditions, depth: number): Case[] {
    let all: readonly Conditions[]
    try {
      all = conditionsOf(match)
    } catch (error) {
      return [this.#refused(error, path, [...before, ...expressible(match as Group)])]
    }
    return all.flatMap((own) => this.#pass((action ?? {}) as Group, path, [...before, ...own], depth + 1))
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
