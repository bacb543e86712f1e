// The protocols, in the order in which a connection's first bytes are tried.
import { ajp } from './ajp.ts'
import type { Protocol } from './codec.ts'
import { fastcgi } from './fastcgi.ts'
import { scgi } from './scgi.ts'
import { uwsgi } from './uwsgi.ts'

/** Every gateway protocol. HTTP is not in it: what begins like none of these is taken for that (http.ts). */
export const protocols: readonly Protocol[] = [uwsgi, fastcgi, scgi, ajp]
