// node:http without what nobody here wants of it: `import … from 'node:http'` reads every property of the module, and some of them load
// undici when they are read, which takes a fifth of the time to start, and 11 MB.
import type * as http from 'node:http'

const loaded = process.getBuiltinModule('node:http')

export const { createServer, IncomingMessage, request, ServerResponse, STATUS_CODES } = loaded
export type IncomingMessage = http.IncomingMessage
export type ServerResponse = http.ServerResponse
