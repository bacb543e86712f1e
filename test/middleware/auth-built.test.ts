// The thread that checks passwords is found where the package has it.
import { afterAll, expect, test } from 'vitest'
import type { createGateway, OwnGateway } from '../../sidecar/index.ts'
import { MAIN } from '../built.ts'

let gateway: OwnGateway | undefined
afterAll(() => gateway?.close())

test('passwords are checked in the program as it is shipped', async () => {
  const built = (await import(MAIN.replace('main.js', 'index.js'))) as { createGateway: typeof createGateway }
  // The password is `p`.
  const users = ['anna:$2y$04$M6h5C/hCAI2jfVuZcGRIxOLOa7Ian6H.DVP46aWvMIiMwlPHllPZO']
  gateway = await built.createGateway({
    listen: ['http://127.0.0.1:0'],
    log: { access: false, level: 'error' },
    mounts: { '/': { respond: 204, use: [{ auth: { users } }] } },
  })
  await gateway.start()
  const statusOf = async (password: string): Promise<number> => {
    const headers = { Authorization: `Basic ${Buffer.from(`anna:${password}`).toString('base64')}` }
    return (await fetch(gateway!.addresses[0]!.text, { headers })).status
  }
  expect([await statusOf('p'), await statusOf('x')]).toEqual([204, 401])
})
