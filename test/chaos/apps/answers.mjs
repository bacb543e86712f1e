// What every app of the chaos answers, for those that are JavaScript: the text of the query, the digest of a body, a body as it came, pieces; and
// what no app should do.
// `version`, a file beside the configuration, is read when the app is loaded: whose answer has an old one comes from before a reload.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

if (existsSync('broken')) throw new Error('the app is broken')
if (existsSync('exits')) process.exit(3)
if (existsSync('hangs')) await new Promise((resolve) => setTimeout(resolve, 1e6))

const version = readFileSync('version', 'utf8').trim()
const PIECES = 8

/** Headers of every answer. */
export const headers = {
  'content-type': 'application/octet-stream',
  'x-version': version,
  'x-process': String(process.pid),
}

/**
 * @param path `/get`, `/post`, `/echo`, `/stream`
 * @param query the text that the answer has to have
 * @param body an iterable of pieces
 */
export async function* answer(path, query, body) {
  switch (path) {
    case '/get':
      return yield Buffer.from(query)
    case '/post': {
      const digest = createHash('sha256')
      for await (const piece of body) digest.update(piece)
      return yield Buffer.from(`${query} ${digest.digest('hex')}`)
    }
    case '/echo': {
      // Whole before it goes back: nginx sends nothing more of a request once its answer has begun.
      const pieces = []
      for await (const piece of body) pieces.push(piece)
      return yield* pieces
    }
    case '/stream':
      for (let count = 0; count < PIECES; count++) {
        yield Buffer.from(`${query} ${count}\n`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return undefined
    case '/stuck':
      return await new Promise(() => {})
    case '/loop':
      for (;;);
    case '/memory':
      for (const held = []; ;) held.push(Array.from({ length: 1e5 }, (_, index) => ({ index })))
    default:
      throw new Error(`nothing is at ${path}`)
  }
}
