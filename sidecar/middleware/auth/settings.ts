// The settings of the layer `auth`.
import * as v from 'valibot'
import { seconds } from '../../quantity.ts'
import { TOKEN } from '../../token.ts'
import { whereEntries } from '../where.ts'

const field = v.pipe(v.string(), v.regex(TOKEN, 'is the name of a header field'))

/** Who is let in, and what becomes of the request. */
export const authSettings = v.strictObject({
  file: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description(
      'A file of names and passwords as `htpasswd` of Apache writes it (`htpasswd -B`): bcrypt, SHA-256 or SHA-512 crypt, APR1, SHA-1. It is read anew when it changes.',
    ),
  ),
  users: v.pipe(
    v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
    v.description('The lines of such a file, beside the file or in its place: `"anna:$2y$05$…"`.'),
  ),
  plain: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Takes passwords that are written as they are. Unless set, such a line is an error.'),
  ),
  realm: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^[\x20-\x7e]+$/, 'must be ASCII without control characters')), 'Restricted'),
    v.description('What browsers show beside their question for name and password.'),
  ),
  passAuthorization: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'The app gets the header field Authorization, which has the password in it. With `forward` it gets it anyway.',
    ),
  ),
  forward: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description(
      'Asks somebody else: a path of this Sidegate (`/auth/check`), or a URL (`http://10.0.0.7:9091/check`), by GET with the header fields of the request. An answer of 200 to 299 lets it in; every other one is what the client gets.',
    ),
  ),
  timeout: seconds(10, '`forward`: seconds that the answer may take; then the client gets 504.', 0.001),
  user: v.pipe(
    v.optional(field, 'Remote-User'),
    v.description('`forward`: the header field of the answer that has the name of the user.'),
  ),
  request: v.pipe(
    v.optional(v.array(field), []),
    v.description('`forward`: header fields of the answer that the app gets, and from nobody else.'),
  ),
  response: v.pipe(
    v.optional(v.array(field), []),
    v.description(
      '`forward`: header fields of the answer that the client gets beside those of the app, such as `Set-Cookie`.',
    ),
  ),
  ...whereEntries,
})

/** The settings, defaults filled in. */
export type AuthSettings = v.InferOutput<typeof authSettings>
