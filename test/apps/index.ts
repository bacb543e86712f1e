// The applications. To add one: a file here, a line in this list.
import type { RealApp } from './app.ts'
import { adminer } from './adminer.ts'
import { devpi } from './devpi.ts'
import { graphite } from './graphite.ts'
import { mediawiki } from './mediawiki.ts'
import { next } from './next.ts'
import { nodeRed } from './node-red.ts'
import { phpmyadmin } from './phpmyadmin.ts'
import { pypiserver } from './pypiserver.ts'
import { radicale } from './radicale.ts'
import { redmine } from './redmine.ts'
import { socketio } from './socketio.ts'
import { sveltekit } from './sveltekit.ts'
import { tomcat } from './tomcat.ts'
import { wordpress } from './wordpress.ts'

/** Every one, in the order of docs/apps.md. */
export const apps: readonly RealApp[] = [
  adminer,
  devpi,
  graphite,
  mediawiki,
  next,
  nodeRed,
  phpmyadmin,
  pypiserver,
  radicale,
  redmine,
  socketio,
  sveltekit,
  tomcat,
  wordpress,
]
