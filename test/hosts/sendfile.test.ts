// X-Sendfile: an app decides, and lighttpd sends the file. X-Accel-Redirect: the same with Caddy. By the protocols between them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app } from '../../sidecar/mounts/app.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { installed, startServer } from './servers.ts'

/** Lets in who knows the word, and names a file that is none of its own to who asks for that. */
const APP = `export const app = (environ, startResponse) => {
  const { QUERY_STRING: query } = environ
  const [name, value] = query === 'accel' ? ['X-Accel-Redirect', '/kept/report.txt']
    : ['X-Sendfile', query === 'word' ? import.meta.dirname + '/files/report.txt' : '/etc/passwd']
  startResponse('200 OK', [['Content-Type', 'application/x-own'], [name, value]])
  return []
}`

const folder = temporaryFolder()
const files = join(folder.path, 'files')
const socket = join(folder.path, 's')
let gateway: TestGateway

beforeAll(async () => {
  mkdirSync(files)
  writeFileSync(join(files, 'report.txt'), '0123456789')
  writeFileSync(join(folder.path, 'app.mjs'), APP)
  gateway = await startGateway({
    // lighttpd connects as a user of its own; the folder is the test's.
    listen: [{ address: `unix:${socket}`, mode: '0666', trust: ['unix'] }],
    mounts: [{ key: '/', kind: app as unknown as MountKind, settings: { app: './app.mjs' } }],
    directory: folder.path,
  })
})
afterAll(async () => {
  await gateway?.stop()
  folder.remove()
})

const shipped = (file: string): string => readFileSync(join(import.meta.dirname, '../../configs', file), 'utf8')
const SOCKET = '/run/sidegate/sidegate.sock'

async function get(address: string, query: string, range?: string): Promise<string> {
  const response = await fetch(`http://${address}/?${query}`, { headers: range ? { range } : {} })
  return `${response.status} ${response.headers.get('content-type')} ${await response.text()}`
}

describe.skipIf(!installed('lighttpd'))('lighttpd', () => {
  test.each(['fastcgi', 'scgi', 'uwsgi'])('%s', async (protocol) => {
    const entry = `"check-local" => "disable",`
    const own = `${entry}\n    "x-sendfile" => "enable",\n    "x-sendfile-docroot" => ( "${files}" ),`
    const config = shipped(`lighttpd/lighttpd-${protocol}.conf`)
    const host = await startServer('lighttpd', { config, replace: { [SOCKET]: socket, [entry]: own } })
    try {
      expect(await get(host.address, 'word')).toBe('200 application/x-own 0123456789')
      expect(await get(host.address, 'word', 'bytes=2-4')).toBe('206 application/x-own 234')
      expect(await get(host.address, 'outside')).toMatch(/^(?:403|502) (?![^]*root:)/)
    } finally {
      await host.stop([/X-Sendfile \(\/etc\/passwd\) not under/])
    }
  })
})

test.skipIf(!installed('caddy'))('Caddy', async () => {
  const own = `reverse_proxy unix/${socket} {
		@kept header X-Accel-Redirect *
		handle_response @kept {
			root * ${files}
			rewrite * {rp.header.X-Accel-Redirect}
			uri strip_prefix /kept
			file_server
		}`
  const host = await startServer('caddy', {
    config: shipped('caddy/caddy-http.Caddyfile'),
    replace: { [`reverse_proxy unix/${SOCKET} {`]: own },
  })
  try {
    expect(await get(host.address, 'accel')).toMatch(/^200 text\/plain.* 0123456789$/)
    expect(await get(host.address, 'accel', 'bytes=2-4')).toMatch(/^206 text\/plain.* 234$/)
  } finally {
    await host.stop()
  }
})
