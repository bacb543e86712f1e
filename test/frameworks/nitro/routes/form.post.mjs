import { eventHandler, readBody } from 'h3'

export default eventHandler(async (event) => {
  const { name, note } = await readBody(event)
  return `${name}|${note}`
})
