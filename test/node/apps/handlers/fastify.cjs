const app = require('fastify')()
app.get('/', async () => 'fastify')
module.exports = app
