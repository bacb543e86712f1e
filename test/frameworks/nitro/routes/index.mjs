import { eventHandler, setResponseHeader } from 'h3'
import { useRuntimeConfig } from 'nitropack/runtime'

export default eventHandler((event) => {
  setResponseHeader(event, 'Content-Type', 'text/html; charset=utf-8')
  return `Hello from Nitro <a href="${useRuntimeConfig().app.baseURL}hello/ann">ann</a>`
})
