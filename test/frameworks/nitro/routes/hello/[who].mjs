import { eventHandler, getQuery, getRouterParam } from 'h3'

export default eventHandler((event) => `${getRouterParam(event, 'who', { decode: true })}|${getQuery(event).q}`)
