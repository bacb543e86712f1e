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

export const wrongPart = (() => answer([7 as unknown as string])) as JsgiApp

export const noApp = { status: 200 }

/** Middleware as JSGI has it: a function of an app. */
export const prefixed: JsgiApp = async (request) => {
  const { status, headers, body } = await report({ ...request, env: { from: 'middleware' } })
  return { status, headers: { ...headers, 'x-layer': 'yes' }, body }
}
