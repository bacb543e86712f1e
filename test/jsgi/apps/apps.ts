// JSGI apps, one export each.
import type { JsgiApp, JsgiBody } from '../../../sidecar/handlers/jsgi/handle.ts'

export const seen: unknown[] = []

const answer = (body: JsgiBody, headers: Record<string, string | string[]> = {}) => ({
  status: 200,
  headers: { 'content-type': 'text/plain', ...headers },
  body,
})

export const report: JsgiApp = (request) =>
  answer([JSON.stringify({ ...request, jsgi: { ...request.jsgi, errors: typeof request.jsgi.errors.print } })])

export const echo: JsgiApp = async ({ input }) => answer([await input.read()])

export const lines: JsgiApp = async ({ input }) => {
  const sizes: number[] = []
  await input.forEach((part) => void sizes.push(part.length))
  return answer([String(sizes.reduce((sum, size) => sum + size, 0))])
}

export const streamed: JsgiApp = () =>
  answer(
    {
      async forEach(write) {
        for (const part of ['caf\u00e9 ', Buffer.from('two '), { toByteString: () => 'b\u00e9' }]) {
          await new Promise(setImmediate)
          await write(part)
        }
      },
      close: () => void seen.push('closed'),
    },
    { 'set-cookie': ['a=1', 'b=2'], 'x-one': '1' },
  )

export const endless: JsgiApp = () =>
  answer({
    async forEach(write) {
      for (;;) {
        await new Promise(setImmediate)
        await write('x'.repeat(1000))
      }
    },
    close: () => void seen.push('closed'),
  })

export const prints: JsgiApp = ({ jsgi }) => {
  jsgi.errors.print('on purpose')
  return answer(['printed'])
}

export const raises: JsgiApp = () => {
  throw new Error('raised on purpose')
}

export const rejects: JsgiApp = () => Promise.reject(new Error('rejected on purpose'))

export const nothing = (() => undefined) as unknown as JsgiApp

/** What is not as JSGI has it, by the path. */
const WRONG: Record<string, () => unknown> = {
  '/pairs': () => ({ ...answer([]), headers: [['x-a', 'b']] }),
  '/map': () => ({ ...answer([]), headers: new Headers({ 'x-a': 'b' }) }),
  '/null': () => ({ ...answer([]), headers: { 'x-a': null } }),
  '/undefined': () => ({ ...answer([]), headers: { 'x-a': ['b', undefined] } }),
  '/object': () => ({ ...answer([]), headers: { 'x-a': { b: 'c' } } }),
  '/status': () => ({ ...answer(closable([])), status: 1000 }),
  '/text': () => ({ ...answer([]), status: '200' }),
  '/holes': () => answer(Object.assign([], { length: 2 })),
  '/wide': () => answer([{ toByteString: () => '\u20ac' }]),
}

const closable = (parts: unknown[]): JsgiBody => ({
  forEach: (write) => parts.forEach((part) => void write(part as string)),
  close: () => void seen.push('closed'),
})

export const wrong: JsgiApp = ({ pathInfo }) => WRONG[pathInfo]!() as ReturnType<JsgiApp>

/** Its body waits for what never comes, and so does its end. */
export const stuck: JsgiApp = () =>
  answer({
    forEach(write) {
      void write('begun')
      return new Promise(() => {})
    },
    close() {
      seen.push('closed')
      return new Promise(() => {})
    },
  })

/** Its body fails, and so does its end: by a promise that never settles, or another error. */
export const failing: JsgiApp = ({ pathInfo }) =>
  answer({
    forEach() {
      throw new Error('of the body')
    },
    close() {
      if (pathInfo === '/late') return new Promise(() => {})
      throw new Error('of the end')
    },
  })

/** All is well but its end. */
export const badEnd: JsgiApp = () =>
  answer({
    forEach: (write) => void write('good'),
    close() {
      throw new Error('of the end')
    },
  })

/** Does not wait for a client that is slow. */
export const hasty: JsgiApp = () =>
  answer({
    forEach(write) {
      void write('one')
      void write('two')
      return new Promise(() => {})
    },
  })

export const wrongPart = (() => answer([7 as unknown as string])) as JsgiApp

export const noApp = { status: 200 }

/** Middleware as JSGI has it: a function of an app. */
export const prefixed: JsgiApp = async (request) => {
  const { status, headers, body } = await report({ ...request, env: { from: 'middleware' } })
  return { status, headers: { ...headers, 'x-layer': 'yes' }, body }
}
