exports.other = () => {}
exports.server = (_, response) => response.end('bag')
