// The layers that decide which page is sent, through a real nginx, by two protocols.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { passing } from '../../plugin/nginx/passing.ts'
import { createGateway, type OwnGateway } from '../../sidecar/index.ts'
import { nginx, program, temporaryFolder, type Nginx } from '../harness.ts'

const SHEET = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:param name="who"/>
<xsl:template match="/"><html><p><xsl:value-of select="$who"/></p><xsl:value-of select="a/b"/></html></xsl:template>
</xsl:stylesheet>`

const PORTS = { uwsgi: 8080, fastcgi: 8081 }

const APP = `export const app = (environ, startResponse) => {
  if (environ.SCRIPT_NAME === '/xml') {
    startResponse('200 OK', [['Content-Type', 'text/xml'], ['ETag', '"v1"']])
    return environ.PATH_INFO === '/bad' ? ['<a>', '<b></a>'] : ['<a>', '<b>1</b>', '</a>']
  }
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [[environ.SCRIPT_NAME, environ.PATH_INFO, environ.QUERY_STRING, environ.REQUEST_URI].join(' ')]
}`

function config(socket: string): string {
  const endpoint = { kind: 'unix', path: socket } as const
  const server = ([protocol, port]: [string, number]): string => {
    const { settings, pass } = passing(protocol, endpoint)
    return `server {
    listen ${port};
    set $sidegate_user "";
    ${settings.join('\n')}
    location / { ${pass} }
}`
  }
  const http = new Set(
    ['http', 'fastcgi'].flatMap((protocol) => passing(protocol, endpoint).http.join('\n').split('\n\n')),
  )
  return `events { }
http {
    ${[...http].join('\n')}
    ${Object.entries(PORTS).map(server).join('\n')}
}
`
}

describe.skipIf(!program('nginx'))('behind nginx', () => {
  const folder = temporaryFolder()
  let gateway: OwnGateway
  let host: Nginx

  beforeAll(async () => {
    writeFileSync(join(folder.path, 'app.mjs'), APP)
    writeFileSync(join(folder.path, 's.xsl'), SHEET)
    const socket = join(folder.path, 's')
    gateway = await createGateway(
      {
        listen: [{ address: `unix:${socket}`, host: 'nginx' }],
        log: { access: false },
        use: [
          { redirect: [{ from: '/old/*path', to: '/new/*path' }] },
          { rewrite: [{ from: '/s/*path', to: '/shop/*path' }] },
        ],
        mounts: {
          '/shop': { app: './app.mjs', use: [{ rewrite: [{ from: '/:id', to: '/item?id=:id' }] }] },
          '/xml': { app: './app.mjs', use: [{ xslt: { sheet: './s.xsl', parameters: { who: '${REQUEST_METHOD}' } } }] },
        },
      },
      { directory: folder.path },
    )
    await gateway.start()
    host = await nginx({ config: config(socket) })
  })

  afterAll(async () => {
    await host?.stop()
    await gateway?.close()
    folder.remove()
  })

  describe.each(Object.entries(PORTS))('by %s', (_, port) => {
    const ask = (path: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${host.port(port)}${path}`, { redirect: 'manual' })

    test('a redirect leads to a path', async () => {
      const response = await ask('/old/a%2Fb?q=1')
      expect([response.status, response.headers.get('Location')]).toEqual([302, '/new/a%2Fb?q=1'])
    })

    test('a rewrite in front decides on the mount, one of the mount on what it gets', async () => {
      expect(await (await ask('/s/a%20b?x')).text()).toBe('/shop /item id=a%20b /s/a%20b?x')
    })

    test('XML becomes HTML', async () => {
      const response = await ask('/xml/a')
      expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
      expect(await response.text()).toBe('<html>\n<p>GET</p>1</html>\n')
      const bad = await ask('/xml/bad')
      expect([bad.status, await bad.text()]).toEqual([502, expect.stringContaining('XSLT_DOCUMENT')])
    })

    test('a path that is none is refused', async () => {
      expect((await ask('/old/%00')).status).toBe(400)
    })
  })
})
