// Asks a fresh connection whether anybody is there (FastCGI 1.0, 4.1). A process that was killed accepts connections until the system has closed
// its sockets: the request that went to one of those would be lost.
import type { Socket } from 'node:net'
import { GET_VALUES, GET_VALUES_RESULT, HEADER, writeHeader } from '../../../sidecar/wire/records.ts'

/** How long an answer may take, in milliseconds: an app in the gateway's own process may keep it busy. */
const ANSWER_MS = 60_000

/** Resolves when somebody has answered; what is no answer is left to be read. @throws {Error} when nobody does */
export function greeted(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const answer = socket.read(HEADER) as Buffer | null
    if (!answer) return
    if (answer[1] !== GET_VALUES_RESULT) socket.unshift(answer)
    resolve()
  }
  const fail = (error: Error): void => reject(error)
  const gone = (): void => reject(new Error('the connection ended before anybody had answered'))
  const timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS)
  socket.on('readable', look).on('error', fail).on('close', gone).on('end', gone)
  const asked = Buffer.alloc(HEADER)
  writeHeader(asked, 0, GET_VALUES, 0, 0)
  socket.write(asked)
  return promise.finally(() => {
    clearTimeout(timer)
    socket.off('readable', look).off('error', fail).off('close', gone).off('end', gone)
  })
}
