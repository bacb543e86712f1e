// The layer `rewrite`: another path for the app than the one that was asked for. The client sees nothing of it, and REQUEST_URI keeps what it
// asked for, as behind nginx and Apache.
import * as v from 'valibot'
import { ConfigError, PeerError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { through, type Layer } from '../layer.ts'
import { copyVariables, decodePath, resolveDots, type Variables } from '../variables.ts'
import { choiceAmong, chosenBy, eitherOf, noteChoice, withChoice, type ChosenBy } from './chosen-by.ts'
import type { MiddlewareKind } from './middleware.ts'
import { matcherOf, ruleEntries, type Matcher } from './rules/rule.ts'
import { filledPath, filledQuery, parseTarget, variablesOf, type Target } from './rules/target.ts'

/** How often the rules are gone through for one request; nginx has the same. */
const ROUNDS_MAX = 10

const rule = v.strictObject({
  ...ruleEntries,
  to: v.pipe(
    v.string(),
    v.description(
      'The path in its place, as in a URL: with `:page` and `*path` of `from`, `$1` and `$<name>` of `match`, `${NAME}` of a variable. With a `?` it has a query too, else that of the request stays; `${QUERY_STRING}` there keeps it beside others.',
    ),
  ),
  after: v.pipe(
    v.optional(v.picklist(['stop', 'next', 'again']), 'stop'),
    v.description(
      'What comes after the rule: nothing, the rules behind it, or all rules from the first one on, at most ten times.',
    ),
  ),
})

const settings = v.strictObject({
  rules: v.pipe(v.array(rule), v.minLength(1), v.description('The rules: the first that fits a request counts.')),
})

interface Rule {
  readonly place: string
  readonly matcher: Matcher
  readonly target: Target
  /** What it depends on beside the URL. */
  readonly by: ChosenBy | undefined
  /** Its own words have segments `.` or `..`. */
  readonly dotted: boolean
  readonly after: 'stop' | 'next' | 'again'
}

const UNCHANGED: Layer = {}

export const rewrite: MiddlewareKind<'rewrite', typeof settings, 'rules'> = {
  name: 'rewrite',
  summary: 'Gives the app another path and query than the client asked for.',
  settings,
  short: 'rules',
  create({ rules: written }, context) {
    let rules: readonly Rule[] = []
    return {
      async open() {
        rules = await Promise.all(
          written.map(async ({ to, after, ...about }, index) => {
            const place = `${context.path}.rules.${index}`
            const matcher = await matcherOf(about, place, context.log)
            const target = pathTarget(to, matcher.names, `${place}.to`)
            const by = eitherOf(matcher.by, chosenBy(variablesOf(target)))
            return { place, matcher, after, target, by, dotted: isDotted(target) }
          }),
        )
      },
      handle(exchange, next) {
        const { variables, by } = rewritten(exchange, rules)
        if (variables === exchange.variables && !by) return next(exchange)
        if (by) noteChoice(exchange, by)
        const layer: Layer = by ? { head: (head) => withChoice(head, by) } : UNCHANGED
        next(through(exchange, layer, { variables }))
      },
    }
  },
}

function pathTarget(to: string, names: ReadonlySet<string>, path: string): Target {
  const target = parseTarget(to, names, path)
  if (target.origin === '' && target.fragment === '') return target
  const message = `${to} is no path of this gateway: a rewrite changes what the app gets; the layer redirect leads clients elsewhere`
  throw new ConfigError('RULE_TARGET', path, message)
}

function rewritten(
  { variables: given }: Exchange,
  rules: readonly Rule[],
): { variables: Variables; by: ChosenBy | undefined } {
  let variables = given
  let by: ChosenBy | undefined
  for (let round = 1, again = true; again; round++) {
    again = false
    by = eitherOf(by, choiceAmong(rules, variables))
    for (const { place, matcher, target, dotted, after } of rules) {
      const fit = matcher.fit(variables)
      if (!fit) continue
      if (round > ROUNDS_MAX) throw loop(place, variables)
      const filling = { ...fit, variables }
      const filled = decodePath(filledPath(target, filling))
      const path = resolveDots(filled)
      // `^/a(.*)` to `/b/$1`: `/a../c` would be `/c`, past whatever is for `/b`.
      if (path !== filled && !dotted) throw leadsOut(filled)
      const query = filledQuery(target, filling)
      variables = copyVariables(variables)
      variables.PATH_INFO = path
      variables.QUERY_STRING = query
      again = after === 'again'
      if (after !== 'next') break
    }
  }
  return { variables, by }
}

function isDotted({ path }: Target): boolean {
  const words = path.map((piece) => (typeof piece === 'string' ? decodePath(piece) : 'x')).join('')
  return /\/\.\.?(?:\/|$)/.test(words)
}

function leadsOut(path: string): PeerError {
  const message = `what was asked for would make a rule give ${JSON.stringify(path.slice(0, 80))}, which leads out of its place`
  return new PeerError('RULE_VALUE', message)
}

function loop(place: string, { PATH_INFO: path = '' }: Variables): ConfigError {
  const message = `the rules go round in circles: after ${ROUNDS_MAX} rounds they have ${JSON.stringify(path.slice(0, 80))}, and this one fits again`
  return new ConfigError('REWRITE_LOOP', place, message)
}
