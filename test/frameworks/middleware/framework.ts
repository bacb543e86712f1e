import { gunzipSync } from 'node:zlib'
import { demand } from '../../apps/app.ts'
import type { Check } from '../check.ts'
import { checks } from '../checks.ts'
import type { Framework } from '../framework.ts'

const own: readonly Check[] = [
  {
    name: 'a file by WhiteNoise',
    async look(visitor) {
      const answer = await visitor.ask('/files/style.css')
      const modified = answer.header('last-modified')
      demand(answer.status === 200 && answer.text.startsWith('body {') && modified !== undefined, String(answer.status))
      const again = await visitor.ask('/files/style.css', { headers: [['If-Modified-Since', modified!]] })
      demand(again.status === 304, `status ${again.status}`)
    },
  },
  {
    name: 'what Paste compresses',
    async look(visitor) {
      const answer = await visitor.ask('/hello/ann?q=b', { headers: [['Accept-Encoding', 'gzip']] })
      const coding = answer.header('content-encoding')
      demand(coding === 'gzip' && gunzipSync(answer.body).toString() === 'ann|b', String(coding))
    },
  },
  {
    name: 'a session of Beaker',
    async look(visitor) {
      const counts: string[] = []
      for (const browser of [visitor, visitor, visitor.another(), visitor])
        counts.push((await browser.ask('/beaker')).text)
      demand(counts.join(' ') === '1 2 1 3', counts.join(' ').slice(0, 300))
    },
  },
  {
    name: 'what WebOb sees',
    async look(visitor) {
      const seen = (await visitor.ask('/hello/ann')).header('x-webob')
      demand(seen === `${visitor.way.prefix}/hello/ann`, String(seen))
    },
  },
]

const beaker =
  '{"session.type": "cookie", "session.key": "beaker", "session.validate_key": "a secret", "session.auto": True}'

export const middleware: Framework = {
  name: 'middleware',
  title: 'Middleware round an app',
  packages: {
    pip: [
      'whitenoise==6.12.0',
      'paste==3.10.1',
      'beaker==1.14.1',
      'webob==1.8.11',
      'flask-session==0.8.0',
      'cachelib==0.17.0',
      'flask==3.1.3',
    ],
  },
  mount: ({ environment }) => ({
    python: 'app:app',
    wrap: [
      'whitenoise:WhiteNoise(root="files", prefix="files")',
      'paste.gzipper:middleware',
      `beaker.middleware:SessionMiddleware(${beaker})`,
      'app:marked',
    ],
    ...environment,
  }),
  checks: [...checks, ...own],
  know: [
    'The version is that of WhiteNoise. The app is one of Flask, with its sessions on the disk by flask-session.',
    'Looked at beside the rest: a file by WhiteNoise, what Paste compresses, a session of Beaker, and what WebOb sees.',
  ],
}
