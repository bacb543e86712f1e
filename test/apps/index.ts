// The applications. To add one: a file here, a line in this list.
import type { RealApp } from './app.ts'
import { devpi } from './devpi.ts'
import { graphite } from './graphite.ts'
import { next } from './next.ts'
import { nodeRed } from './node-red.ts'
import { pypiserver } from './pypiserver.ts'
import { radicale } from './radicale.ts'
import { redmine } from './redmine.ts'
import { socketio } from './socketio.ts'
import { sveltekit } from './sveltekit.ts'
import { tomcat } from './tomcat.ts'

/** Every one, in the order of docs/apps.md. */
export const apps: readonly RealApp[] = [
  devpi,
  graphite,
  next,
  nodeRed,
  pypiserver,
  radicale,
  redmine,
  socketio,
  sveltekit,
  tomcat,
]
