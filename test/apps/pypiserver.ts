// pypiserver, whose app comes from a factory with arguments.
import { gzipSync } from 'node:zlib'
import { mkdirSync } from 'node:fs'
import { demand, type RealApp } from './app.ts'

/** Not a package that pip would install; pypiserver looks at the name. */
const PACKAGE = gzipSync(Buffer.from('the files of demo 1.0'))

export const pypiserver: RealApp = {
  name: 'pypiserver',
  title: 'pypiserver',
  packages: { pip: ['pypiserver==2.4.2', 'setuptools<81'] },
  at: '/pypi',
  mount({ data }) {
    mkdirSync(`${data}/packages`)
    const python = `pypiserver:app(roots=["${data}/packages"], password_file=".", authenticate=[], overwrite=True)`
    return { python, venv: '.venv' }
  },
  checks: [
    [
      'its front page, whose links have the prefix',
      async (visitor) => {
        const page = await visitor.visit('/pypi/')
        demand(
          page.status === 200 && page.text.includes('/pypi/simple/'),
          `status ${page.status}: ${page.text.slice(0, 200)}`,
        )
      },
    ],
    [
      'an upload as twine sends it, listed and fetched again',
      async (visitor) => {
        const form = new FormData()
        const fields = { ':action': 'file_upload', name: 'demo', version: '1.0', protocol_version: '1' }
        for (const [name, value] of Object.entries(fields)) form.set(name, value)
        form.set('content', new Blob([PACKAGE]), 'demo-1.0.tar.gz')
        const sent = await visitor.visit('/pypi/', { method: 'POST', body: form })
        demand(sent.status === 200, `status ${sent.status}: ${sent.text.slice(0, 200)}`)
        const list = await visitor.visit('/pypi/simple/demo/')
        const link = /href="([^"#]+)/.exec(list.text)?.[1]
        demand(link !== undefined && link.endsWith('/packages/demo-1.0.tar.gz'), `the list: ${list.text.slice(0, 300)}`)
        const file = await visitor.ask(new URL(link, visitor.base + list.path).pathname)
        demand(Buffer.from(await file.arrayBuffer()).equals(PACKAGE), 'the file is another')
      },
    ],
    [
      'names that are not spelled as they are are redirected',
      async (visitor) => {
        const page = await visitor.visit('/pypi/simple/Demo')
        demand(page.path === '/pypi/simple/demo/', `it leads to ${page.path}`)
      },
    ],
  ],
}
