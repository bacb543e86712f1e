// The layer `variables`: the variables of a request as the app gets them, beside those of its header fields or in their place.
import * as v from 'valibot'
import { ConfigError, SidegateError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { through } from '../layer.ts'
import { isDropped, isRefused } from '../refused.ts'
import { completeRequest } from '../request.ts'
import { addVariable, copyVariables, emptyVariables, fieldOfVariable, type Variables } from '../variables.ts'
import { madeFields } from './made-fields.ts'
import type { MiddlewareKind } from './middleware.ts'
import { fieldTemplate, parseTemplate, type Template } from './template.ts'
import { TOKEN } from '../token.ts'

const name = v.pipe(v.string(), v.regex(TOKEN, 'is the name of a variable'))

const settings = v.strictObject({
  remove: v.pipe(
    v.optional(v.array(name), []),
    v.description('Variables that are left out; `SSL_*` is every one whose name begins so.'),
  ),
  default: v.pipe(
    v.optional(v.record(name, v.string()), {}),
    v.description('Variables with the value that they get where they are not there.'),
  ),
  set: v.pipe(
    v.optional(v.record(name, v.string()), {}),
    v.description('Variables with their value, in the place of those that are there.'),
  ),
  add: v.pipe(
    v.optional(v.record(v.pipe(name, v.startsWith('HTTP_', 'is no header field: use set')), v.string()), {}),
    v.description('Header fields (`HTTP_…`) with a value that comes behind the one that is there.'),
  ),
})

interface Setting {
  readonly name: string
  readonly value: Template
}

/** What a request has to have in a form that apps rely on, and may be given here. */
const CHECKED: ReadonlySet<string> = new Set([
  'REQUEST_METHOD',
  'SCRIPT_NAME',
  'PATH_INFO',
  'QUERY_STRING',
  'SERVER_NAME',
  'SERVER_PORT',
  'SERVER_PROTOCOL',
  'SERVER_SOFTWARE',
])

export const variables: MiddlewareKind<'variables', typeof settings, never> = {
  name: 'variables',
  summary: 'Sets, adds and leaves out variables of requests, those of header fields (`HTTP_…`) among them.',
  settings,
  create({ remove, default: defaults, set, add }, { path }) {
    const parsed = (group: Readonly<Record<string, string>>, at: string): Setting[] =>
      Object.entries(group).map(([one, text]) => ({ name: one, value: valueOf(one, text, `${path}.${at}.${one}`) }))
    remove.forEach((one, index) => demandFree(one, `${path}.remove.${index}`))
    const changes = {
      removed: new Set(remove),
      prefixes: remove.filter((one) => one.endsWith('*')).map((one) => one.slice(0, -1)),
      defaults: parsed(defaults, 'default'),
      set: parsed(set, 'set'),
      added: parsed(add, 'add'),
    }
    const given = [...changes.defaults, ...changes.set]
    demandComplete(given, path)
    const head = madeFields(
      [defaults, set, add].flatMap(Object.entries<string>).flatMap(([one, text]) => {
        const field = fieldOfVariable(one)
        return field === undefined ? [] : [[field, text] as const]
      }),
    )
    const layer = head ? { head } : {}
    const completes = [...remove, ...given.map((one) => one.name)].some((one) => CHECKED.has(one))
    return {
      handle(exchange, next) {
        const changed = changedVariables(exchange, changes)
        if (completes) completeRequest(changed)
        next(through(exchange, layer, { variables: changed }))
      },
    }
  },
}

function changedVariables(
  exchange: Exchange,
  {
    removed,
    prefixes,
    defaults,
    set,
    added,
  }: Record<'defaults' | 'set' | 'added', readonly Setting[]> & {
    readonly removed: ReadonlySet<string>
    readonly prefixes: readonly string[]
  },
): Variables {
  const variables = copyVariables(exchange.variables)
  for (const one of removed) delete variables[one]
  if (prefixes.length > 0) {
    for (const one in variables)
      if (!isFixed(one) && prefixes.some((prefix) => one.startsWith(prefix))) delete variables[one]
  }
  for (const { name: one, value } of defaults) if (variables[one] === undefined) put(variables, one, value, exchange)
  for (const { name: one, value } of set) put(variables, one, value, exchange)
  for (const { name: one, value } of added) {
    const text = value.fill(exchange)
    if (text !== '') addVariable(variables, one, text)
  }
  return variables
}

/** A value that comes out empty leaves its variable out; one that is written empty stands there. */
function put(variables: Variables, one: string, value: Template, exchange: Exchange): void {
  const text = value.fill(exchange)
  if (text === '' && !value.fixed) delete variables[one]
  else variables[one] = text
}

/** @throws {ConfigError} VARIABLE_FIXED, TEMPLATE_BAD */
function valueOf(one: string, text: string, path: string): Template {
  demandFree(one, path)
  if (one.startsWith('HTTP_')) return fieldTemplate(text, path)
  if (text.includes('\0')) throw new ConfigError('TEMPLATE_BAD', path, 'the value of a variable has no NUL byte')
  return parseTemplate(text, path)
}

function demandFree(one: string, path: string): void {
  if (isFixed(one)) {
    const message = `${one} says how long a body is or how it comes, which is for whoever sends it`
    throw new ConfigError('VARIABLE_FIXED', path, message)
  }
  if (isDropped(one) || isRefused(one))
    throw new ConfigError('VARIABLE_FIXED', path, `${one} never reaches an app (docs/variables.md)`)
}

function isFixed(one: string): boolean {
  return one === 'CONTENT_LENGTH' || one === 'HTTP_TRANSFER_ENCODING'
}

/** @throws {ConfigError} VARIABLE_FIXED for a value that no request may have */
function demandComplete(given: readonly Setting[], path: string): void {
  const sample = emptyVariables()
  sample.REQUEST_METHOD = 'GET'
  for (const { name: one, value } of given)
    if (value.fixed && CHECKED.has(one)) sample[one] = value.fill(undefined as never)
  try {
    completeRequest(sample)
  } catch (error) {
    if (!(error instanceof SidegateError)) throw error
    throw new ConfigError('VARIABLE_FIXED', path, error.message, { cause: error })
  }
}
