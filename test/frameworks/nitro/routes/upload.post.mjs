import { createHash } from 'node:crypto'
import { eventHandler, readMultipartFormData } from 'h3'

export default eventHandler(async (event) => {
  const parts = await readMultipartFormData(event)
  const part = (name) => parts.find((one) => one.name === name)
  const { filename, data } = part('file')
  return [part('note').data.toString(), filename, data.length, createHash('sha256').update(data).digest('hex')].join(
    '|',
  )
})
