// The interfaces and their servers. To add one: a file here, a line in this list.
import type { Family } from './family.ts'
import { psgi } from './psgi.ts'
import { python } from './python.ts'
import { rack } from './rack.ts'
import { wai } from './wai.ts'
import { wsapi } from './wsapi.ts'

/** Every one, in the order of docs/sisters.md. */
export const families: readonly Family[] = [rack, psgi, wsapi, wai, python]
