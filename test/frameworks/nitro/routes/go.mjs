import { eventHandler, sendRedirect } from 'h3'
import { useRuntimeConfig } from 'nitropack/runtime'

export default eventHandler((event) => sendRedirect(event, `${useRuntimeConfig().app.baseURL}hello/ann`))
