// devpi-server, which is told its public address by a header field, and takes uploads of packages.
import { gzipSync } from 'node:zlib'
import { demand, type RealApp } from './app.ts'

const PACKAGE = gzipSync(Buffer.from('the files of demo 1.0'))

export const devpi: RealApp = {
  name: 'devpi',
  title: 'devpi-server',
  packages: { pip: ['devpi-server==6.20.3', 'setuptools<81'] },
  prepare: ({ data }) => [
    ['.venv/bin/devpi-init', '--serverdir', `${data}/server`, '--no-root-pypi', '--root-passwd', 'secret'],
  ],
  at: '/devpi',
  mount: ({ data }) => ({
    run: `.venv/bin/devpi-server --serverdir ${data}/server --host 127.0.0.1 --port $PORT`,
    speaks: 'http',
    use: [{ headers: { request: { set: { 'X-outside-url': 'http://$${HTTP_HOST}/devpi' } } } }],
  }),
  checks: [
    [
      'its API, whose addresses have the prefix',
      async (visitor) => {
        const response = await visitor.ask('/devpi/+api', { headers: { Accept: 'application/json' } })
        const text = await response.text()
        demand(text.includes(`"${visitor.base}/devpi/+login"`), `status ${response.status}: ${text}`)
      },
    ],
    [
      'a login, an index, an upload, listed and fetched again',
      async (visitor) => {
        const json = { 'Content-Type': 'application/json', Accept: 'application/json' }
        const login = await visitor.ask('/devpi/+login', {
          method: 'POST',
          headers: json,
          body: JSON.stringify({ user: 'root', password: 'secret' }),
        })
        const { result } = (await login.json()) as { result: { password: string } }
        const token = Buffer.from(`root:${result.password}`).toString('base64')
        const signed = { 'X-Devpi-Auth': token }
        const made = await visitor.ask('/devpi/root/dev', {
          method: 'PUT',
          headers: { ...json, ...signed },
          body: JSON.stringify({ type: 'stage', bases: [], volatile: true }),
        })
        demand(made.status === 200, `the index: ${made.status} ${await made.text()}`)
        const form = new FormData()
        const fields = { ':action': 'file_upload', name: 'demo', version: '1.0', metadata_version: '1.0' }
        for (const [name, value] of Object.entries(fields)) form.set(name, value)
        form.set('content', new Blob([PACKAGE]), 'demo-1.0.tar.gz')
        const sent = await visitor.ask('/devpi/root/dev/', { method: 'POST', body: form, headers: signed })
        demand(sent.status === 200, `the upload: ${sent.status} ${await sent.text()}`)
        const list = await visitor.visit('/devpi/root/dev/+simple/demo/')
        const link = /href="([^"#]+)/.exec(list.text)?.[1]
        demand(link !== undefined, `the list: ${list.text.slice(0, 300)}`)
        const file = await visitor.ask(new URL(link, visitor.base + list.path).pathname)
        demand(Buffer.from(await file.arrayBuffer()).equals(PACKAGE), `the file: ${file.status}`)
      },
    ],
    [
      'redirects',
      async (visitor) => {
        const page = await visitor.visit('/devpi/root/dev/+simple/Demo')
        demand(page.path.startsWith('/devpi/root/dev/+simple/demo'), `it leads to ${page.path}`)
      },
    ],
  ],
}
