// The layer `errors`: pages of your own in the place of error responses, those of Sidegate and those of the app.
import * as v from 'valibot'
import { through } from '../layer.ts'
import { seconds } from '../quantity.ts'
import { errorPages } from './errors/pages.ts'
import { Instead } from './errors/instead.ts'
import type { MiddlewareKind } from './middleware.ts'

const settings = v.strictObject({
  pages: v.pipe(
    v.record(
      v.pipe(
        v.string(),
        v.regex(
          /^(?:[45][0-9]{2}(?:-[45][0-9]{2})?|[45]xx)$/,
          'is a status of an error such as 404, a class such as 5xx or a range such as 500-599',
        ),
      ),
      v.pipe(v.string(), v.minLength(1)),
    ),
    v.description(
      'By status (404, 5xx, 500-599; the narrowest counts): a file, or `ask:/errors/${STATUS}`, a path of this gateway whose response is the page.',
    ),
  ),
  of: v.pipe(
    v.optional(v.picklist(['all', 'sidegate']), 'all'),
    v.description(
      'Whose error responses: all, or those that Sidegate makes itself because an app failed or is not there.',
    ),
  ),
  timeout: seconds(5, 'Seconds that a page may take that is asked for.', 0.001),
})

export const errors: MiddlewareKind<'errors', typeof settings, never> = {
  name: 'errors',
  summary: 'Shows pages of your own in the place of error responses, from files or from an app.',
  settings,
  create({ pages: written, of, timeout }, context) {
    const pages = errorPages(written, context, timeout * 1000)
    return {
      open: () => pages.open(),
      handle(exchange, next) {
        // What was asked for by a layer is no page that anybody sees.
        if (exchange.hops > 0) return next(exchange)
        next(through(exchange, new Instead(pages, of === 'sidegate')))
      },
    }
  },
}
