// All cases: one list a subject.
import type { Case, Interface } from './case.ts'
import { disconnection } from './cases/asgi/disconnection.ts'
import { extensions } from './cases/asgi/extensions.ts'
import { handshakes } from './cases/asgi/handshakes.ts'
import { lifespan } from './cases/asgi/lifespan.ts'
import { messages } from './cases/asgi/messages.ts'
import { received } from './cases/asgi/received.ts'
import { scope } from './cases/asgi/scope.ts'
import { sent } from './cases/asgi/sent.ts'
import { websockets } from './cases/asgi/websockets.ts'
import { bodies } from './cases/bodies.ts'
import { errors } from './cases/errors.ts'
import { headers } from './cases/headers.ts'
import { paths } from './cases/paths.ts'
import { responses } from './cases/responses.ts'
import { streaming } from './cases/streaming.ts'
import { wsgi } from './cases/wsgi.ts'

const asgi = [scope, received, sent, messages, disconnection, extensions, handshakes, websockets, lifespan].flat()

/** The cases of WSGI, Node and Fetch; names are unique. */
export const cases: readonly Case[] = [...responses, ...paths, ...headers, ...bodies, ...streaming, ...wsgi, ...errors]

/** The cases of ASGI: what it has in common with the others, and its own. */
export const asgiCases: readonly Case[] = [
  ...[responses, paths, headers, bodies, streaming, errors].flat().filter((one) => !one.notApplicable?.asgi),
  ...asgi,
]

/** All that there is to ask of an interface. */
export function casesFor(kind: Interface): readonly Case[] {
  return kind === 'asgi' ? asgiCases : cases
}
