const app = require('express')()
app.get('/', (_, response) => response.send('express'))
module.exports = app
module.exports.server = 'no handler'
