// Apps that were written for NGINX Unit, as its documentation has them, in `node` mounts: `unit-http` is Sidegate's there.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandFolder } from '../cli/command-folder.ts'

const folder = commandFolder()

// What is installed does nothing but in Unit.
for (const [name, text] of [
  ['unit-http', 'throw new Error("this is no Unit")'],
  [
    'websocket',
    'exports.server = class { constructor({ httpServer }) { httpServer.on("request", (_, res) => res.end("websocket")) } }',
  ],
] as const) {
  mkdirSync(join(folder.path, 'node_modules', name), { recursive: true })
  folder.write(join('node_modules', name, 'index.js'), text)
}

const apps: Readonly<Record<string, readonly [file: string, text: string]>> = {
  hello: [
    'hello.cjs',
    `require("unit-http").createServer(function (req, res) {
      res.writeHead(200, {"Content-Type": "text/plain"});
      res.end("Hello, Node.js on Unit! " + req.url)
    }).listen()`,
  ],
  module: [
    'module.mjs',
    `import http, { createServer, STATUS_CODES, Server } from 'unit-http'
    const server = createServer({}, (req, res) => res.end([STATUS_CODES[200], http.Server === Server, req.url].join()))
    if (server.listen(8080, '0.0.0.0', () => console.log('listening on', server.address().port)) !== server) throw new Error()`,
  ],
  replaced: [
    'replaced.cjs',
    `const { createServer, IncomingMessage, ServerResponse } = require('unit-http')
    require('http').ServerResponse = ServerResponse
    require('http').IncomingMessage = IncomingMessage
    createServer((req, res) => res.end(String(req instanceof IncomingMessage && res instanceof ServerResponse))).listen()`,
  ],
  late: [
    'late.ts',
    `import { createServer } from 'unit-http'
    setTimeout(() => createServer((req: unknown, res: { end(text: string): void }) => res.end('late')).listen(), 100)`,
  ],
  exported: [
    'exported.cjs',
    `const app = (req, res) => res.end('exported')
    require('unit-http').createServer((req, res) => res.end('served')).listen()
    module.exports = app`,
  ],
  sockets: [
    'sockets.cjs',
    `const httpServer = require('unit-http').createServer()
    new (require('unit-http/websocket').server)({ httpServer })
    httpServer.listen()`,
  ],
}

test('each is served, and says that it listens', async () => {
  for (const [file, text] of Object.values(apps)) folder.write(file, text)
  const mounts = Object.fromEntries(Object.entries(apps).map(([name, [file]]) => [`/${name}`, { node: `./${file}` }]))
  // In a folder of its own: of two modules in one folder nobody can say whose part a third is.
  mkdirSync(join(folder.path, 'own'))
  folder.write('own/parts.mjs', `import './parts-server.mjs'`)
  folder.write(
    'own/parts-server.mjs',
    `import http from 'unit-http'\nhttp.createServer((req, res) => res.end('parts')).listen()`,
  )
  mounts['/parts'] = { node: './own/parts.mjs' }
  mounts['/named'] = { node: './named.cjs#handler' }
  folder.write(
    'named.cjs',
    `exports.handler = (req, res) => res.end('named'); require('unit-http').createServer(() => {}).listen()`,
  )
  folder.write('sidegate.config.json', JSON.stringify({ listen: ['127.0.0.1:0'], mounts }))
  const one = folder.run(['serve'])
  const port = await one.port()
  await one.said(/listening on 80/)
  const ask = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  expect(await ask('/hello/x?y')).toBe('Hello, Node.js on Unit! /x?y')
  expect(await ask('/module/x')).toBe('OK,true,/x')
  expect(
    await Promise.all(['replaced', 'late', 'parts', 'exported', 'sockets', 'named'].map((name) => ask(`/${name}`))),
  ).toEqual(['true', 'late', 'parts', 'served', 'websocket', 'named'])
  expect(one.err).not.toContain('NODE_SERVER')
})

test('a target that does not say its kind', async () => {
  folder.write('bare.cjs', `require('unit-http').createServer((req, res) => res.end('bare')).listen()`)
  const one = folder.run(['serve', './bare.cjs', '--listen', '127.0.0.1:0'])
  const port = await one.port()
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('bare')
  expect(one.err).toContain('taken as node, because it is written for NGINX Unit, with a server of unit-http')
})

test('what goes wrong', async () => {
  folder.write('silent.cjs', `require('unit-http').createServer(() => {})`)
  folder.write('deaf.cjs', `require('unit-http').createServer().listen()`)
  mkdirSync(join(folder.path, 'other'))
  folder.write('other/nothing.cjs', 'void 0')
  const check = async (file: string): Promise<string> => {
    folder.write('one.json', JSON.stringify({ mounts: { '/': { node: file, loadTimeout: 0.3 } } }))
    return (await folder.run(['check', '--start', '--no-listen', '--config', 'one.json']).ended).err
  }
  expect(await check('./silent.cjs')).toMatch(
    /mounts\.\/\.node: \.\/silent\.cjs exports nothing, and no server of unit-http was told to listen within 300 ms \[NODE_HANDLER\]/,
  )
  expect(await check('./deaf.cjs')).toMatch(/\[NODE_HANDLER\]/)
  expect(await check('./other/nothing.cjs')).toMatch(/nothing\.cjs has no export .* \[TARGET_EXPORT\]/)
  rmSync(join(folder.path, 'node_modules', 'websocket'), { recursive: true })
  expect(await check('./sockets.cjs')).toMatch(
    /unit-http\/websocket is the package websocket here, .*npm install websocket.* \[TARGET_RAISED\]/,
  )
})
