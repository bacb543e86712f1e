const { createServer } = require('node:http')
module.exports = createServer((_, response) => response.end('server'))
module.exports.app = 'no handler'
