// The ways of the admin interface: what may be asked at which path, with which parameters. docs/admin.md is made of this table.
import type { LogLevel } from '../log.ts'
import { LOG_LEVELS } from '../log.ts'
import { nearest } from '../nearest.ts'
import type { Answered } from './control.ts'
import type { Administered, GatewayAnswer, Outcome } from './status.ts'

/** An answer. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** The method that it takes, where another was used. */
  readonly allow?: string
  /** Why it is not all that there is. */
  readonly incomplete?: string | undefined
  /** Done when the answer has left. */
  readonly after?: () => void
}

/** What stands behind the question mark. */
type Query = Readonly<Record<string, string | undefined>>

/** One way. */
export interface Way {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** One sentence. */
  readonly summary: string
  /** The parameters, with what they are; an optional one ends with `?`. */
  readonly query: Readonly<Record<string, string>>
  /** The schema of what it answers with 200 (schema.ts). */
  readonly answers: 'status' | 'requests' | 'stacks' | 'message' | 'drained'
  answer(of: Administered, query: Query): Promise<Answer>
}

const MOUNT = 'The key of a mount in the configuration: `/shop`.'

export const ways: readonly Way[] = [
  {
    method: 'GET',
    path: '/v1/status',
    summary: 'What runs, and what it has done: gateways, listeners, mounts, workers.',
    query: {},
    answers: 'status',
    answer: async (of) => ok(await of.status()),
  },
  {
    method: 'GET',
    path: '/v1/requests',
    summary: 'The requests that are not over, the oldest first.',
    query: {},
    answers: 'requests',
    async answer(of) {
      const answers = await of.ask({ what: 'requests' }, false)
      const refused = answers.map(({ answered }) => answered).find(isBusy)
      if (refused && !answers.some(({ answered }) => answered.done)) return refusalIn(answers)!
      const all = listOf<{ age: number }>(answers)
      return { ...ok(all.toSorted((a, b) => b.age - a.age)), incomplete: refused?.message }
    },
  },
  {
    method: 'GET',
    path: '/v1/stacks',
    summary: 'What the worker processes are doing at this moment: the stack of each thread.',
    query: { 'mount?': MOUNT },
    answers: 'stacks',
    async answer(of, { mount }) {
      const answers = await of.ask({ what: 'stacks', mount }, false)
      return refusalIn(answers) ?? ok(listOf(answers))
    },
  },
  {
    method: 'POST',
    path: '/v1/reload',
    summary:
      'Has the next gateway read the configuration and the apps anew, and answers once it serves; with a mount, has that one alone start anew. 409 when it did not come up: what served before serves on.',
    query: { 'mount?': MOUNT },
    answers: 'message',
    async answer(of, { mount }) {
      if (mount === undefined) return outcome(await of.reload())
      return told(await of.ask({ what: 'reload', mount }, true), `${mount} was reloaded`)
    },
  },
  {
    method: 'POST',
    path: '/v1/drain',
    summary:
      'Takes a mount out: what comes gets 503, what is under way is answered, for which `drainTimeout` is waited. `back=1` has it back, and so does a reload of it.',
    query: { mount: MOUNT, 'back?': '1: take it back' },
    answers: 'drained',
    async answer(of, { mount = '', back }) {
      if (back !== undefined && back !== '1') return refusal(400, `back is 1, or left out, not ${JSON.stringify(back)}`)
      const answers = await of.ask({ what: 'drain', mount, out: back !== '1' }, true)
      const refused = refusalIn(answers)
      if (refused) return refused
      const inFlight = answers.reduce((sum, { answered }) => sum + Number(answered.done && answered.value), 0)
      return ok({ mount, out: back !== '1', inFlight })
    },
  },
  {
    method: 'POST',
    path: '/v1/recycle',
    summary: 'Has another worker process take the place of one, and answers once it is ready.',
    query: { pid: 'The process, as status has it.' },
    answers: 'message',
    async answer(of, { pid = '' }) {
      if (!/^[1-9][0-9]{0,9}$/.test(pid))
        return refusal(400, `pid is the number of a process, not ${JSON.stringify(pid)}`)
      const answers = await of.ask({ what: 'recycle', pid: Number(pid) }, true)
      const found = answers.some(({ answered }) => answered.done && answered.value === true)
      if (found) return ok({ message: `another worker has the place of ${pid}` })
      return refusalIn(answers) ?? refusal(404, `no mount has a worker ${pid}`)
    },
  },
  {
    method: 'POST',
    path: '/v1/purge',
    summary: 'Has the caches forget what they have stored of URLs, and what of it is on its way.',
    query: {
      url: 'A URL as clients have it (`http://example.com/a?b=1`), or what comes behind its host (`/a?b=1`), of all hosts; with `*` at its end all that begin so.',
    },
    answers: 'message',
    async answer(of, { url = '' }) {
      if (!/^(?:\/|https?:\/\/|\*$)/.test(url))
        return refusal(400, `url begins with http://, https:// or a slash, or is *, not ${JSON.stringify(url)}`)
      const answers = await of.ask({ what: 'purge', url }, false)
      const forgotten = answers.reduce((sum, { answered }) => sum + (answered.done ? Number(answered.value) : 0), 0)
      return told(answers, `${forgotten} stored ${forgotten === 1 ? 'response was' : 'responses were'} forgotten`)
    },
  },
  {
    method: 'POST',
    path: '/v1/log',
    summary: 'Sets from which level on the log has records, until the next reload.',
    query: { level: `One of ${LOG_LEVELS.join(', ')}.` },
    answers: 'message',
    async answer(of, { level = '' }) {
      const known = LOG_LEVELS.find((one) => one === level)
      if (!known) return refusal(400, `level is one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(level)}`)
      return told(await of.ask({ what: 'log', level: known satisfies LogLevel }, false), `the log begins with ${level}`)
    },
  },
  {
    method: 'POST',
    path: '/v1/stop',
    summary: 'As SIGTERM: requests under way are answered, then it ends.',
    query: {},
    answers: 'message',
    answer: async (of) => ({ status: 202, body: { message: 'stops' }, after: () => of.stop() }),
  },
]

/** Goes the way that was asked for. */
export async function answerOf(of: Administered, method: string, url: string): Promise<Answer> {
  // A proxy on the way may ask with the whole address.
  const target = url.replace(/^http:\/\/[^/?]*/i, '')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const way = ways.find((one) => one.path === path)
  if (!way) return refusal(404, `there is nothing at ${path}; there are ${ways.map((one) => one.path).join(', ')}`)
  if (method !== way.method) return { ...refusal(405, `${path} takes ${way.method}`), allow: way.method }
  const given = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
  const query = Object.fromEntries(given)
  const names = Object.keys(way.query).map((name) => name.replace('?', ''))
  for (const name of given.keys()) {
    if (given.getAll(name).length > 1) return refusal(400, `${path} takes one ${name}`)
    if (names.includes(name)) continue
    const near = nearest(name, names)
    return refusal(400, `${path} has no parameter ${name}${near === undefined ? '' : `; did you mean ${near}?`}`)
  }
  const missing = Object.keys(way.query).find((name) => !name.endsWith('?') && query[name] === undefined)
  if (missing !== undefined) return refusal(400, `${path} needs the parameter ${missing}`)
  return way.answer(of, query)
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function refusal(status: number, message: string): Answer {
  return { status, body: { message } }
}

function outcome(of: Outcome): Answer {
  return of.done ? ok({ message: of.message }) : { status: 409, body: { code: of.code, message: of.message } }
}

/** All did it, or the first that did not. */
function told(answers: readonly GatewayAnswer[], message: string): Answer {
  if (answers.length === 0) return { status: 409, body: { message: 'no gateway serves' } }
  return refusalIn(answers) ?? ok({ message })
}

function refusalIn(answers: readonly GatewayAnswer[]): Answer | undefined {
  const refused = answers.map(({ answered }) => answered).find(isRefused)
  return refused && { status: 409, body: { code: refused.code, message: refused.message } }
}

/** One that has ended meanwhile has no requests. */
function isBusy(answered: Answered): answered is Answered & { done: false } {
  return isRefused(answered) && answered.code === 'GATEWAY_BUSY'
}

function isRefused(answered: Answered): answered is Answered & { done: false } {
  return !answered.done
}

/** The lists of all gateways as one, each entry with its gateway. */
function listOf<T>(answers: readonly GatewayAnswer[]): (T & { generation: number })[] {
  return answers.flatMap(({ generation, answered }) =>
    answered.done ? (answered.value as readonly T[]).map((entry) => ({ ...entry, generation })) : [],
  )
}
