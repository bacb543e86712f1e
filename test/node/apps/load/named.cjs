exports.app = () => 'app'
exports.other = () => 'other'
exports['computed' + ''] = () => 'computed'
