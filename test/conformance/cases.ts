// All cases: one list a subject.
import type { Case } from './case.ts'
import { bodies } from './cases/bodies.ts'
import { errors } from './cases/errors.ts'
import { headers } from './cases/headers.ts'
import { paths } from './cases/paths.ts'
import { responses } from './cases/responses.ts'
import { streaming } from './cases/streaming.ts'
import { wsgi } from './cases/wsgi.ts'

/** Every case of the suite; names are unique. */
export const cases: readonly Case[] = [...responses, ...paths, ...headers, ...bodies, ...streaming, ...wsgi, ...errors]
