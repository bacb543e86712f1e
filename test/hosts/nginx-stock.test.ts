// The few lines of the README with the uwsgi_params that distributions have: the host asked for arrives with its port.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { brief } from '../../plugin/nginx/brief.ts'
import { app } from '../../sidecar/mounts/app.ts'
import { open } from '../conformance/client.ts'
import { nginx, program, startGateway, temporaryFolder } from '../harness.ts'

const file = fileURLToPath(new URL('apps/host.ts', import.meta.url))

/** As nginx itself has it, with what Debian adds, and without. */
const STOCK = `uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param PATH_INFO $document_uri;
uwsgi_param DOCUMENT_ROOT $document_root;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param REMOTE_ADDR $remote_addr;
uwsgi_param REMOTE_PORT $remote_port;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param SERVER_NAME $server_name;
`
const DEBIAN = `${STOCK}uwsgi_param HTTP_HOST $host;\n`

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const written = /^```nginx\n(location [^`]*)```/m.exec(readme)![1]!

describe.skipIf(!program('nginx')).each([
  ["nginx's own", STOCK],
  ["Debian's", DEBIAN],
])('%s uwsgi_params', (_, params) => {
  test.each([
    ['the README', (address: string) => written.replace('127.0.0.1:3031', address)],
    [
      'the line that serve prints',
      (address: string) => brief({ listeners: [{ address }], mounts: [], directory: '/' }),
    ],
  ])('with %s', async (__, location) => {
    const folder = temporaryFolder()
    const address = `unix:${join(folder.path, 's')}`
    const gateway = await startGateway({
      listen: [{ address, mode: '0666' }],
      mounts: [{ key: '/', kind: app, settings: { app: file } }],
      directory: folder.path,
      host: 'nginx',
    })
    const include = join(folder.path, 'uwsgi_params')
    writeFileSync(include, params)
    const lines = location(address).replace('include uwsgi_params;', `include ${include};`)
    const server = await nginx({ config: `events { }\nhttp {\naccess_log off;\nserver { listen 8080; ${lines} }\n}\n` })
    const ask = async (headers: [string, string][]): Promise<string> =>
      (await open({ address: server.address, transport: 'http' }, { target: '/', headers }).whole()).text
    expect(await ask([['Host', 'www.example.com:8080']])).toBe('www.example.com:8080')
    expect(await ask([['Host', 'www.example.com']])).toBe('www.example.com')
    await server.stop()
    await gateway.stop()
    folder.remove()
  })
})
