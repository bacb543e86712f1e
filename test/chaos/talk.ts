// One WebSocket: some messages, each of which has to come back.
import { WebSocket } from 'ws'
import type { Random } from './random.ts'
import { failed, RIGHT, TOLD, wrong, type Verdict } from './verdict.ts'
import type { Way } from './ways.ts'

const SILENCE_MS = 20_000
const GOING_AWAY = 1001

/** Opens one, talks, and closes it, unless it is told to end before. */
export function talk(way: Way, mount: string, word: string, random: Random): Promise<Verdict> {
  const place = 'port' in way.place ? way.place : undefined
  const socket = new WebSocket(`ws://${place!.host}:${place!.port}/${mount}/socket`, { handshakeTimeout: SILENCE_MS })
  let left = random.whole(3, 30)
  let opened = false
  let verdict: Verdict | undefined
  const next = (): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(`${word} ${left}`)
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      verdict = failed(`a WebSocket that was silent for ${SILENCE_MS / 1000} s`)
      socket.terminate()
    }, SILENCE_MS)
    socket.on('open', () => {
      opened = true
      timer.refresh()
      next()
    })
    socket.on('message', (data) => {
      timer.refresh()
      if (String(data) !== `${word} ${left}`) {
        verdict = wrong(`a WebSocket got ${String(data)}`)
        return socket.close()
      }
      if (--left > 0) return void setTimeout(next, random.whole(0, 20))
      verdict = RIGHT
      socket.close(1000)
    })
    socket.on('unexpected-response', (_, response) => {
      verdict = failed(`${response.statusCode} for a WebSocket`)
      socket.terminate()
    })
    socket.on('error', (error) => (verdict ??= failed(`${error.message}, a WebSocket`)))
    socket.on('close', (code) => {
      clearTimeout(timer)
      if (!verdict && code === GOING_AWAY) verdict = TOLD
      resolve(verdict ?? failed(`a WebSocket ended with ${code}${opened ? '' : ' before it was open'}`))
    })
  })
}
