// A run of one character as long as a request, an app or a file may bring it is read in one pass. Where each of its characters begins a search of its
// own, one case takes an hour.
import { expect, test } from 'vitest'
import { LogErrorStream } from '../../sidecar/interface/error-stream.ts'
import { Log } from '../../sidecar/log.ts'
import { completeRequest } from '../../sidecar/request.ts'
import { redirect } from '../../sidecar/middleware/redirect.ts'
import { isUnserved } from '../../sidecar/unserved.ts'
import { RequestText } from '../../sidecar/worker/request-text.ts'
import { layered } from '../middleware/layer.ts'

const LONG = 2_000_000

test('slashes within SCRIPT_NAME', () => {
  const variables = { REQUEST_METHOD: 'GET', SCRIPT_NAME: `${'/'.repeat(LONG)}a//` }
  completeRequest(variables)
  expect(variables.SCRIPT_NAME).toBe(`${'/'.repeat(LONG)}a`)
})

test('names of scripts within a path', () => {
  expect(isUnserved(`/x${'.php'.repeat(LONG / 4)}/a`)).toBe(false)
  expect(isUnserved(`/a/x${'.php'.repeat(LONG / 4)}`)).toBe(true)
})

test('line ends and blanks within what an app says', () => {
  const run = `a${'\n'.repeat(LONG / 4)}${' '.repeat(LONG / 4)}b`
  const said: string[] = []
  new RequestText((text) => said.push(text)).write(`${run}\n`, undefined)
  expect(said.at(-1) === run).toBe(true)
  const sink = { write: (text: string) => said.push(text) }
  const log = new Log('text', sink, sink)
  new LogErrorStream(log, { id: 'r-1', mount: undefined }).write(`${run}\n`)
  log.flush()
  expect(said.at(-1)!.slice(-3)).toBe(' b\n')
})

test('ampersands within a query that a rule hands on', async () => {
  const query = `a${'&'.repeat(LONG)}b`
  const { ask } = await layered(redirect, { rules: [{ from: '/', to: '/x?${QUERY_STRING}' }] }, () => {})
  const { headers } = await ask({ path: `/?${query}` }).response
  expect(headers.find(([name]) => name === 'Location')?.[1] === `/x?${query}`).toBe(true)
})
