// Every option that the importer knows, and what becomes of it. docs/migrate-uwsgi.md has it as a table.
import { nearest } from '../../nearest.ts'
import { appRules } from './rules/apps.ts'
import { identityRules } from './rules/identity.ts'
import { logRules } from './rules/logs.ts'
import { families, otherRules, type Family } from './rules/others.ts'
import { processRules } from './rules/processes.ts'
import { programRules } from './rules/programs.ts'
import { recyclingRules } from './rules/recycling.ts'
import { routeRules } from './rules/routes.ts'
import { socketRules } from './rules/sockets.ts'
import { staticRules } from './rules/static.ts'
import { carried, plain, type Rule } from './rule.ts'

/** What the emperor is here; its files are read by vassals.ts. */
const emperor: Rule = {
  names: ['emperor'],
  here: 'each vassal of the folder is a mount, with the addresses of all: [more](#an-emperor)',
}

const forVassals: Rule = {
  names: ['vassals-include', 'vassals-inherit', 'vassals-set', 'vassal-set', 'emperor-tyrant'],
  here: 'they count for each vassal; with `emperor-tyrant` the owner of its file is the user of its processes',
  take: () => carried(undefined, 'for each vassal'),
}

/** The rows by topic, in the order of the table. */
export const topics: readonly (readonly [title: string, rules: readonly Rule[]])[] = [
  ['Addresses', socketRules],
  ['Apps', appRules],
  ['Other languages', programRules],
  ['Processes', processRules],
  ['Time limits and fresh workers', recyclingRules],
  ['Users and limits', identityRules],
  ['Static files', staticRules],
  ['Routes and headers', routeRules],
  ['Logs', logRules],
  ['Beside the gateway', [emperor, forVassals, ...otherRules]],
]

/** By name. */
const rules = new Map(
  topics.flatMap(([, rows]) => rows.flatMap((rule) => rule.names.map((name) => [name, rule] as const))),
)

export { families }

/** The row of an option, or the family that it is of; undefined: it is no option that is known. */
export function ruleOf(name: string): Rule | Family | undefined {
  return rules.get(name) ?? families.find(({ pattern }) => pattern.test(name))
}

/** An option that is none. */
export function unknownNote(name: string): string {
  const [first = '', ...words] = name.split(/\s+/)
  if (words.length > 0 && rules.has(first))
    return `there is no = in it, so that uWSGI does nothing with it: ${first} = ${words.join(' ')}?`
  const meant = nearest(name, [...rules.keys()])
  return `it is no option of uWSGI that is known, and nothing uses it as a placeholder${meant === undefined ? '' : `: is it ${meant}?`}`
}

/** Whether an option has no value on a command line. */
export function isSwitch(name: string): boolean {
  return rules.get(name)?.isSwitch ?? false
}

/** Why something is not carried over. */
export function refusal(rule: Pick<Rule, 'here'>): string {
  return plain(rule.here)
}
