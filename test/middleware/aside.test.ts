// What a layer asks for itself.
import { expect, test } from 'vitest'
import { RequestBody } from '../../sidecar/body.ts'
import { aside, type Aside } from '../../sidecar/middleware/aside.ts'
import type { Next } from '../../sidecar/middleware/middleware.ts'
import { copyVariables } from '../../sidecar/variables.ts'
import { makeExchange } from '../exchange.ts'

function of({ exchange }: ReturnType<typeof makeExchange>, more: Partial<Aside> = {}): Aside {
  const variables = copyVariables(exchange.variables)
  return { of: exchange, variables, body: new RequestBody(0), max: 10, timeout: 10_000, ...more }
}

const answered: Next = (exchange) => {
  exchange.respond({ status: 401, reason: 'Unauthorized', headers: [['X-A', 'b']] })
  exchange.write('12345')
  exchange.end('67890')
}

test('the response is collected, whatever its status', async () => {
  const { head, body } = await aside(answered, of(makeExchange()))
  expect([head.status, head.headers[0], String(body)]).toEqual([401, ['X-A', 'b'], '1234567890'])
})

test('an error is answered with its page, and told', async () => {
  const made = makeExchange()
  const { head } = await aside((exchange) => exchange.fail(new Error('no')), of(made, { max: 1000 }))
  expect([head.status, made.errors.map(({ code }) => code)]).toEqual([500, ['APP_RAISED']])
})

test('one that is too long is an error', async () => {
  const asked = aside(
    (exchange) => {
      try {
        answered(exchange)
      } catch (error) {
        exchange.fail(error)
      }
    },
    of(makeExchange(), { max: 9 }),
  )
  await expect(asked).rejects.toMatchObject({ code: 'ASIDE_TOO_LONG' })
})

test('one that breaks off is an error', async () => {
  const asked = aside((exchange) => {
    exchange.respond({ status: 200, reason: 'OK', headers: [['Content-Length', '9']] })
    exchange.write('1')
    exchange.end()
  }, of(makeExchange()))
  await expect(asked).rejects.toMatchObject({ code: 'BODY_TOO_SHORT' })
})

test('its time is bounded', async () => {
  const asked = aside(() => {}, of(makeExchange(), { timeout: 1 }))
  await expect(asked).rejects.toMatchObject({ code: 'ASIDE_TIMEOUT' })
})

test('it ends with the client, unless it is of use without', async () => {
  const made = makeExchange()
  const asked = aside(() => {}, of(made))
  const alone = aside((exchange) => void setImmediate(() => answered(exchange)), of(made, { along: false }))
  made.hangUp()
  await expect(asked).rejects.toMatchObject({ code: 'CLIENT_GONE' })
  expect((await alone).head.status).toBe(401)
})
