import { eventHandler, getQuery } from 'h3'

export default eventHandler((event) => {
  throw new Error(`broken on purpose: ${getQuery(event).q}`)
})
