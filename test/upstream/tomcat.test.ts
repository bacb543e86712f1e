// An AJP upstream: a real Tomcat, whose default servlet keeps what it is sent and gives it back.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accepts, freePort, program, stopProcess, temporaryFolder, until } from '../harness.ts'
import { Cleanup, upstreamGateway, type UpstreamGateway } from './servers.ts'

const NOTHING = createHash('sha256').digest('hex')
const HOME = '/usr/share/tomcat10'
const folder = temporaryFolder()
const cleanup = new Cleanup()
const java = program('java')
let tomcat: ChildProcess
let small = 0
let large = 0
let said = ''

const server = (): string => `<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector protocol="AJP/1.3" address="127.0.0.1" port="${small}" secret="s3cret" />
    <Connector protocol="AJP/1.3" address="127.0.0.1" port="${large}" secretRequired="false" packetSize="65536" />
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps"><Context path="" docBase="${folder.path}/webapps/ROOT" /></Host>
    </Engine>
  </Service>
</Server>
`

const WEB = `<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet>
    <servlet-name>default</servlet-name>
    <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>
    <init-param><param-name>readonly</param-name><param-value>false</param-value></init-param>
    <load-on-startup>1</load-on-startup>
  </servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
</web-app>
`

describe.skipIf(!java || !existsSync(HOME))('Tomcat', () => {
  beforeAll(async () => {
    if (!java) throw new Error('Java is not installed')
    small = await freePort()
    large = await freePort()
    for (const name of ['conf', 'webapps/ROOT', 'logs', 'temp', 'work']) {
      mkdirSync(join(folder.path, name), { recursive: true })
    }
    writeFileSync(join(folder.path, 'conf/server.xml'), server())
    writeFileSync(join(folder.path, 'conf/web.xml'), WEB)
    writeFileSync(join(folder.path, 'webapps/ROOT/hello.txt'), 'hello from Tomcat')
    const jars = ['bootstrap.jar', 'tomcat-juli.jar'].map((jar) => join(HOME, 'bin', jar)).join(':')
    const options = [
      `-Dcatalina.home=${HOME}`,
      `-Dcatalina.base=${folder.path}`,
      `-Djava.io.tmpdir=${folder.path}/temp`,
      '-Xshare:auto',
      '-XX:TieredStopAtLevel=1',
      '-Xmx128m',
    ]
    tomcat = spawn(java, [...options, '-cp', jars, 'org.apache.catalina.startup.Bootstrap', 'start'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [tomcat.stdout!, tomcat.stderr!]) stream.on('data', (bytes) => (said += String(bytes)))
    await until(
      'Tomcat listens',
      () => {
        if (tomcat.exitCode !== null) throw new Error(`Tomcat ended at once:\n${said}`)
        return accepts(`127.0.0.1:${large}`)
      },
      60_000,
    )
  }, 70_000)

  afterEach(() => cleanup.run())

  afterAll(async () => {
    await stopProcess(tomcat)
    folder.remove()
  })

  const gateway = async (settings: Record<string, unknown>): Promise<UpstreamGateway> =>
    cleanup.add(await upstreamGateway(settings), (one) => one.stop())

  test('GET, HEAD, 404 and conditions, on kept connections', async () => {
    const { url } = await gateway({ upstream: `ajp://127.0.0.1:${small}`, secret: 's3cret' })
    for (let count = 0; count < 20; count++) {
      expect(await (await fetch(`${url}/hello.txt?x=${count}`)).text()).toBe('hello from Tomcat')
    }
    const head = await fetch(`${url}/hello.txt`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '17', ''])
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    const etag = head.headers.get('etag')!
    expect((await fetch(`${url}/hello.txt`, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    const range = await fetch(`${url}/hello.txt`, { headers: { Range: 'bytes=6-9' } })
    expect([range.status, await range.text()]).toEqual([206, 'from'])
  })

  test.each([
    ['8 KB packets', () => ({ upstream: `ajp://127.0.0.1:${small}`, secret: 's3cret' })],
    ['64 KB packets', () => ({ upstream: `ajp://127.0.0.1:${large}`, packetSize: 65536 })],
  ] as const)('bodies both ways, with a length and without: %s', async (name, settings) => {
    const { url } = await gateway(settings())
    const bytes = randomBytes(2 * 1024 * 1024 + 17)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const pieces = Array.from({ length: 33 }, (_, i) => bytes.subarray(i * 65536, (i + 1) * 65536))
    for (const [index, body] of [bytes, ReadableStream.from(pieces), new Uint8Array()].entries()) {
      const path = `${url}/${name.slice(0, 1)}-${index}.bin`
      const put = await fetch(path, { method: 'PUT', body, duplex: 'half' } as RequestInit)
      expect(put.status).toBe(201)
      const got = Buffer.from(await (await fetch(path)).arrayBuffer())
      expect(createHash('sha256').update(got).digest('hex')).toBe(index < 2 ? hash : NOTHING)
      expect((await fetch(path, { method: 'DELETE' })).status).toBe(204)
    }
  })

  test('a wrong secret is 403', async () => {
    const { url } = await gateway({ upstream: `ajp://127.0.0.1:${small}`, secret: 'wrong' })
    expect((await fetch(`${url}/hello.txt`)).status).toBe(403)
  })

  test('a client that goes away in its upload costs nothing but its own connection', async () => {
    const one = await gateway({ upstream: `ajp://127.0.0.1:${large}`, packetSize: 65536 })
    const { hostname, port } = new URL(one.url)
    for (let count = 0; count < 5; count++) {
      const socket = connect(Number(port), hostname)
      socket.write(`PUT /cut.bin HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(50_000)}`)
      await until('it is written', () => socket.writableLength === 0 && !socket.connecting)
      socket.destroy()
      expect(await (await fetch(`${one.url}/hello.txt`)).text()).toBe('hello from Tomcat')
    }
  })
})
