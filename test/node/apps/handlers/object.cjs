module.exports = {
  says: 'object',
  fetch() {
    return new Response(this.says)
  },
}
