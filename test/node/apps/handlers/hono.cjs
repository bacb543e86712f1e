const { Hono } = require('hono')
module.exports = new Hono().get('/', (context) => context.text('hono'))
