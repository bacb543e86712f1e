// `stdin:`: serve itself registered as the FastCGI application of IIS.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { MAIN } from '../built.ts'
import { temporaryFolder, until } from '../harness.ts'
import { sidegate } from '../cli/sidegate.ts'
import { writePairs } from '../../sidecar/wire/pairs.ts'
import * as records from '../../sidecar/wire/records.ts'
import { Instance, iisVariables } from './instance.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
writeFileSync(
  join(folder.path, 'app.mjs'),
  `export const app = (environ, startResponse) => {
  console.log('asked for ' + environ.PATH_INFO)
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return (async function* () {
    let size = 0
    for await (const piece of environ['wsgi.input']) size += piece.length
    yield environ.PATH_INFO + ' ' + size
  })()
}`,
)
writeFileSync(
  join(folder.path, 'waits.mjs'),
  `import { writeFileSync } from 'node:fs'
export default (request, response) => {
  writeFileSync('waits.begun', '')
  response.on('close', () => writeFileSync('waits.gone', ''))
}`,
)
const LOG = join(folder.path, 'logs/sidegate.log')
const running: Instance[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.end()))
})

async function serve(...words: string[]): Promise<Instance> {
  const one = await Instance.start([MAIN, 'serve', ...words, '--host', 'iis', '--log-file', LOG], folder.path)
  running.push(one)
  return one
}

test('requests in a row, one with a body, and the end of the pipe', async () => {
  const one = await serve('app:./app.mjs', '--listen', 'stdin:')
  for (let count = 0; count < 20; count++) expect((await one.ask({ path: `/${count}` })).body).toBe(`/${count} 0`)
  expect(await one.ask({ path: '/up', method: 'POST', body: Buffer.alloc(3_000_000, 1) })).toMatchObject({
    status: 200,
    body: '/up 3000000',
  })
  expect(await one.end()).toBe(0)
  const log = readFileSync(LOG, 'utf8')
  expect(log).toContain('listening  stdin: (fastcgi)')
  expect(log).toMatch(/fastcgi localhost "GET \/19" 200/)
  expect(log).toContain('asked for /19')
  expect(log).toMatch(/the end of standard input: no new requests[^]*stopped/)
})

test('the pipe stays, whatever its requests say of it; one request at a time', async () => {
  const one = await serve('app:./app.mjs', '--listen', 'fastcgi://stdin:')
  const params = Buffer.from(writePairs(iisVariables({ path: '/plain' })), 'latin1')
  const begin = Buffer.alloc(16)
  records.writeHeader(begin, 0, records.BEGIN_REQUEST, 1, 8)
  begin[9] = records.RESPONDER
  const rest = Buffer.alloc(records.recordsSize(params.length) + 16)
  const at = records.writeRecords(rest, 0, records.PARAMS, 1, params)
  records.writeHeader(rest, records.writeHeader(rest, at, records.PARAMS, 1, 0), records.STDIN, 1, 0)
  for (let count = 0; count < 3; count++) {
    let answer = ''
    const take = (bytes: Buffer): void => void (answer += bytes.toString('latin1'))
    one.pipe.on('data', take)
    one.pipe.write(begin)
    one.pipe.write(rest)
    // The content of END_REQUEST.
    await until('an answer', () => answer.includes('/plain 0') && answer.endsWith('\0'.repeat(8)))
    one.pipe.off('data', take)
  }
  // 4.1
  const asked = Buffer.from(writePairs({ FCGI_MAX_REQS: '', FCGI_MPXS_CONNS: '' }), 'latin1')
  const values = Buffer.alloc(records.recordsSize(asked.length))
  records.writeRecords(values, 0, records.GET_VALUES, 0, asked)
  let told = ''
  one.pipe.on('data', (bytes: Buffer) => (told += bytes.toString('latin1')))
  one.pipe.write(values)
  await until('the values', () => told.includes('FCGI_MPXS_CONNS'))
  expect(told).toContain('FCGI_MAX_REQS1')
  expect(told).toContain('FCGI_MPXS_CONNS0')
})

test('the pipe ends in the middle of a request: the app hears of it, and the process ends', async () => {
  const one = await serve('node:./waits.mjs', '--listen', 'stdin:')
  const answer = one.ask({ path: '/waits' }).catch((error: Error) => error.message)
  await until('the app has it', () => existsSync(join(folder.path, 'waits.begun')))
  expect(await one.end()).toBe(0)
  expect(await answer).toBe('the pipe has ended')
  expect(existsSync(join(folder.path, 'waits.gone'))).toBe(true)
})

test('a start that fails is told in the log file', async () => {
  const one = await serve('app:./missing.mjs', '--listen', 'stdin:')
  expect(await one.exited).toBe(1)
  expect(readFileSync(LOG, 'utf8')).toMatch(/^sidegate: .*missing\.mjs/m)
})

test('standard input that is no connection, and addresses that say more', async () => {
  const closed = await sidegate(['serve', 'app:./app.mjs', '--listen', 'stdin:x'], folder.path)
  expect(closed.err).toMatch(/"stdin:x" has something after stdin: \[ADDRESS_BAD\]/)
  const wrong = await sidegate(['serve', 'app:./app.mjs', '--listen', 'http://stdin:'], folder.path)
  expect(wrong.err).toMatch(/over standard input a web server speaks fastcgi, not http \[ADDRESS_BAD\]/)
  expect(existsSync(join(folder.path, 'logs'))).toBe(true)
})
