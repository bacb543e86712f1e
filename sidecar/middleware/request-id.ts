// The layer `request-id`: one name for a request, which all who have to do with it can write into their logs.
import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { through } from '../layer.ts'
import { copyVariables, variableName } from '../variables.ts'
import { TOKEN } from '../token.ts'
import type { MiddlewareKind } from './middleware.ts'
import { withField } from './response-fields.ts'

/** Of a name that came with the request: what fits into a line of a log, and no more. */
const TAKEN = /^[\w.+/=@:-]{1,128}$/

const settings = v.strictObject({
  header: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(TOKEN, 'is the name of a header field')), 'X-Request-Id'),
    v.description('The header field, of the request as the app gets it and of the response.'),
  ),
  trust: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Keeps the one that a request comes with, where it is 1 to 128 letters, digits or `-_.+/=@:`.'),
  ),
})

export const requestId: MiddlewareKind<'request-id', typeof settings, 'header'> = {
  name: 'request-id',
  summary: 'Gives each request a name, in a header field of the request and of the response.',
  settings,
  short: 'header',
  create({ header, trust }) {
    const variable = variableName(header)
    return {
      handle(exchange, next) {
        const given = trust ? exchange.variables[variable] : undefined
        const id = given !== undefined && TAKEN.test(given) ? given : randomUUID()
        const variables = copyVariables(exchange.variables)
        variables[variable] = id
        next(through(exchange, { head: (head) => withField(head, header, id) }, { variables }))
      },
    }
  },
}
