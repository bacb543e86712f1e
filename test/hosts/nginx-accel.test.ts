// X-Accel-Redirect: an app decides, and nginx sends the file, by every protocol between them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { passing } from '../../plugin/nginx/passing.ts'
import { app } from '../../sidecar/mounts/app.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { nginx, program, startGateway, temporaryFolder, type Nginx, type TestGateway } from '../harness.ts'

const PORTS = { uwsgi: 8080, fastcgi: 8081, scgi: 8082, http: 8083 }

/** Lets in who knows the word; nginx has the rest of the answer. */
const APP = `export const app = (environ, startResponse) => {
  if (environ.QUERY_STRING !== 'word') {
    startResponse('403 Forbidden', [['Content-Type', 'text/plain']])
    return ['no']
  }
  startResponse('200 OK', [
    ['Content-Type', 'application/x-own'],
    ['Content-Disposition', 'attachment'],
    ['X-Accel-Redirect', '/kept' + environ.PATH_INFO],
  ])
  return []
}`

function config(socket: string, files: string): string {
  const endpoint = { kind: 'unix', path: socket } as const
  const server = ([protocol, port]: [string, number]): string => {
    const { settings, pass } = passing(protocol, endpoint)
    return `server {
    listen ${port};
    set $sidegate_user "";
    ${settings.join('\n')}
    location / { ${pass} }
    location /kept/ { internal; alias ${files}/; }
}`
  }
  return `events { }
http {
    ${[...new Set(['http', 'fastcgi'].flatMap((protocol) => passing(protocol, endpoint).http.join('\n').split('\n\n')))].join('\n')}
    ${Object.entries(PORTS).map(server).join('\n')}
}
`
}

describe.skipIf(!program('nginx'))('a file that nginx sends for an app', () => {
  const folder = temporaryFolder()
  let gateway: TestGateway
  let host: Nginx

  beforeAll(async () => {
    const files = join(folder.path, 'files')
    mkdirSync(files)
    writeFileSync(join(files, 'report.txt'), '0123456789')
    writeFileSync(join(folder.path, 'app.mjs'), APP)
    const socket = join(folder.path, 's')
    gateway = await startGateway({
      listen: [`unix:${socket}`],
      mounts: [{ key: '/', kind: app as unknown as MountKind, settings: { app: './app.mjs' } }],
      directory: folder.path,
      host: 'nginx',
    })
    host = await nginx({ config: config(socket, files) })
  })
  afterAll(async () => {
    await host?.stop()
    await gateway?.stop()
    folder.remove()
  })

  test.each(Object.entries(PORTS))('%s', async (_, port) => {
    const at = `http://127.0.0.1:${host.port(port)}`
    const whole = await fetch(`${at}/report.txt?word`)
    expect([whole.status, await whole.text()]).toEqual([200, '0123456789'])
    expect(whole.headers.get('content-type')).toBe('application/x-own')
    expect(whole.headers.get('content-disposition')).toBe('attachment')
    const part = await fetch(`${at}/report.txt?word`, { headers: { range: 'bytes=2-4' } })
    expect([part.status, await part.text()]).toEqual([206, '234'])
    expect((await fetch(`${at}/report.txt`)).status).toBe(403)
    expect((await fetch(`${at}/kept/report.txt?word`)).status).toBe(404)
  })
})
