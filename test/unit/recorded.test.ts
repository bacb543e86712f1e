// The stand-in for Unit answers what a real Unit has answered: every request of recorded.md, in its order.
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { text as bodyOf } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StandIn } from './stand-in/control.ts'
import { newCertificate } from './certificate.ts'

interface Recorded {
  readonly method: string
  readonly path: string
  readonly body: string | undefined
  readonly status: string
  readonly answer: string
}

const text = readFileSync(new URL('recorded.md', import.meta.url), 'utf8')
const PEM = newCertificate('example.test')

const recorded: Recorded[] = text
  .split(/^### /m)
  .slice(1)
  .map((part) => {
    const [, method = '', path = '', note = ''] = /^(\w+) (\S+)(.*)/.exec(part)!
    const given = /^body:\n```\n(.*?)\n```$/ms.exec(part)?.[1]
    const upload = note.includes('not PEM') ? 'nonsense' : note.includes('PEM') ? PEM : undefined
    const [, status = '', answer = ''] = /^HTTP\/1\.1 (\d{3} [^\n]*)\n.*?\n\n(.*?)\n*```/ms.exec(part)!
    return { method, path, body: given ?? upload, status, answer }
  })

let unit: StandIn
beforeAll(async () => {
  const config = {
    listeners: { '127.0.0.1:18300': { pass: 'routes' } },
    routes: [{ action: { proxy: 'http://unix:/run/app.sock' } }],
  }
  unit = await StandIn.start({ config, idle: true })
})
afterAll(() => unit.stop())

/** What is said of a certificate depends on the certificate. */
function comparable(answer: string): string {
  return answer.replaceAll(/"(since|until)": "[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT"/g, '"$1": …')
}

test('there are records', () => {
  expect(recorded).toHaveLength(40)
})

test.each(recorded.map((one, index) => [`${index + 1}. ${one.method} ${one.path}`, one] as const))(
  '%s',
  async (_, one) => {
    const [host, port] = unit.address.split(':') as [string, string]
    const call = request({ host, port, method: one.method, path: one.path, agent: false })
    call.end(one.body)
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      call.on('response', resolve).on('error', reject)
    })
    const answer = await bodyOf(response)
    expect(`${response.statusCode} ${response.statusMessage}`).toBe(one.status)
    expect(comparable(answer.replaceAll('\r\n', '\n').trimEnd())).toBe(comparable(one.answer))
    expect(response.headers).toMatchObject({ 'content-type': 'application/json', connection: 'close' })
  },
)
