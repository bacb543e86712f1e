// One request, and whether its answer is the one that it has to have.
import { createHash } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'
import type { Random } from './random.ts'
import { failed, RIGHT, wrong, type Verdict } from './verdict.ts'
import type { Way } from './ways.ts'

/** Kinds of requests, as often as they come. */
export const KINDS = [
  { kind: 'get', weight: 55 },
  { kind: 'post', weight: 25 },
  { kind: 'echo', weight: 14 },
  { kind: 'stream', weight: 6 },
] as const

/** What is asked for. */
export interface Asked {
  readonly mount: string
  readonly kind: (typeof KINDS)[number]['kind']
  /** Told to nobody else. */
  readonly word: string
  /** The app must have been loaded with this version, or a later one; undefined: any. */
  readonly version: number | undefined
}

/** Why a request is lost whose response breaks off and looks as if it were whole. */
export const CUT = 'a part of the response, as if it were all'

const SILENCE_MS = 20_000
const BODIES = [
  { most: 4_000, weight: 70 },
  { most: 150_000, weight: 26 },
  { most: 1_000_000, weight: 4 },
]
const PIECES = 8

// Every body is a part of this one.
const bytes = Buffer.alloc(2_000_000)
for (let at = 0; at < bytes.length; at += 32) createHash('sha256').update(String(at)).digest().copy(bytes, at)

/** Asks, and judges. */
export function ask(way: Way, asked: Asked, random: Random): Promise<Verdict> {
  const { mount, kind, word, version } = asked
  const body = kind === 'post' || kind === 'echo' ? bodyBy(random) : undefined
  const inPieces = random.next() < 0.3
  return new Promise((resolve) => {
    const sent = request(
      {
        ...way.place,
        agent: way.agent,
        method: body ? 'POST' : 'GET',
        path: `/${mount}/${kind}?${word}`,
        headers: { host: 'chaos', ...(body && !inPieces ? { 'content-length': body.length } : {}) },
      },
      (response) => void take(response).then(({ text, error }) => resolve(judge(response, text, error))),
    )
    sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`silence of ${SILENCE_MS / 1000} s`)))
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(failed(error.code ?? error.message)))
    if (!body) return void sent.end()
    const half = body.length >> 1
    sent.write(body.subarray(0, half))
    setImmediate(() => sent.end(body.subarray(half)))
  })

  function judge(response: IncomingMessage, text: Buffer, error: string | undefined): Verdict {
    const { statusCode: status, headers } = response
    if (status !== 200) return failed(`${status} ${codeOf(text)}`)
    if (error !== undefined) return failed(`${error} inside the response`)
    const expected = answerTo(asked, body)
    if (!text.equals(expected)) {
      const cut = text.length < expected.length && text.equals(expected.subarray(0, text.length))
      if (cut) return failed(CUT)
      return wrong(`${text.length} bytes, not the ${expected.length} expected`)
    }
    if (version !== undefined && Number(headers['x-version']) < version) {
      return wrong(`version ${String(headers['x-version'])} once all was ${version}`)
    }
    return RIGHT
  }
}

function bodyBy(random: Random): Buffer {
  const length = random.whole(1, random.weighted(BODIES).most)
  const from = random.whole(0, bytes.length - length)
  return bytes.subarray(from, from + length)
}

function answerTo({ kind, word }: Asked, body: Buffer = Buffer.alloc(0)): Buffer {
  if (kind === 'get') return Buffer.from(word)
  if (kind === 'echo') return body
  if (kind === 'post') return Buffer.from(`${word} ${createHash('sha256').update(body).digest('hex')}`)
  return Buffer.from(Array.from({ length: PIECES }, (_, count) => `${word} ${count}\n`).join(''))
}

async function take(response: IncomingMessage): Promise<{ text: Buffer; error?: string }> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of response) pieces.push(piece as Buffer)
  } catch (error) {
    return { text: Buffer.concat(pieces), error: (error as NodeJS.ErrnoException).code ?? (error as Error).message }
  }
  return { text: Buffer.concat(pieces) }
}

/** Sidegate's error pages name a code; others are those of nginx, or of the app. */
function codeOf(page: Buffer): string {
  const text = page.toString('latin1')
  return /^\d+ [^\n]*\n([A-Z_]+) /.exec(text)?.[1] ?? (/<center>nginx/.test(text) ? 'of nginx' : text.slice(0, 100))
}
