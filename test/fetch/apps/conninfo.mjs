import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'

export default new Hono().get('/', (context) => context.json(getConnInfo(context).remote))
