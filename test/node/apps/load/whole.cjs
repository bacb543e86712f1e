module.exports = Object.assign(() => 'whole', { other: () => 'other' })
