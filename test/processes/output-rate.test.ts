// An app that prints without end: the log has a part of it, and says how much it has not.
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'

const folder = commandFolder()

test.each([
  ['a Python worker', { python: 'app:application' }],
  ['a command', { run: ['node', 'server.mjs', '$SOCKET'], speaks: 'http' }],
])('%s', async (_, mount) => {
  folder.write(
    'app.py',
    `import os
def application(environ, start_response):
    for n in range(30000):
        os.write(1, b'line %d\\n' % n)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'done']
`,
  )
  folder.write(
    'server.mjs',
    `import { createServer } from 'node:http'
createServer((request, response) => {
  for (let n = 0; n < 30000; n++) console.log('line %d', n)
  // Node.js keeps what a pipe does not take at once, and loses it when it is ended.
  process.stdout.write('', () => response.end('done'))
}).listen(process.argv[2])`,
  )
  const settings = { listen: ['127.0.0.1:0'], mounts: { '/': mount }, log: { access: false } }
  folder.write('sidegate.json', JSON.stringify(settings))
  const one = folder.run(['serve', '-c', 'sidegate.json'])
  const port = await one.port()
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('done')
  await one.said(/\d+ lines that the app printed were left out: .*code=OUTPUT_CUT/)
  await one.stop()
  const written = one.err.match(/ "?line \d+"? /g)!.length
  const left = [...one.err.matchAll(/(\d+) lines that the app printed/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
  expect(written + left).toBe(30_000)
  expect(written).toBeLessThan(30_000)
})
