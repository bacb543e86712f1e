// Next.js with a basePath, built, and served by its own request handler.
import { demand, type RealApp } from './app.ts'

const files = {
  'next.config.mjs': `export default {
  basePath: '/next',
  redirects: async () => [{ source: '/go', destination: '/about?who=redirected', permanent: false }],
}
`,
  'app/layout.js': `export default ({ children }) => <html lang="en"><body>{children}</body></html>\n`,
  'app/page.js': `import Link from 'next/link'
import './page.css'
export default function Page() { return <main><h1>Front page</h1><Link href="/about">About</Link></main> }
`,
  'app/page.css': `h1 { color: teal }\n`,
  'app/about/page.js': `export const dynamic = 'force-dynamic'
export default async function About({ searchParams }) { return <h1>About {(await searchParams).who ?? 'nobody'}</h1> }
`,
  'app/api/route.js': `export const POST = async (request) => Response.json({ got: await request.json(), path: request.nextUrl.pathname })\n`,
  'server.js': `import next from 'next'
const app = next({ dev: false, dir: import.meta.dirname })
await app.prepare()
export default app.getRequestHandler()
`,
}

export const next: RealApp = {
  name: 'next',
  title: 'Next.js',
  packages: { npm: ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'] },
  itself: "`basePath: '/next'`, and `next build`",
  files: () => files,
  prepare: () => [['node_modules/.bin/next', 'build', '--webpack']],
  at: '/next',
  mount: () => ({ node: './server.js', keepPrefix: true, loadTimeout: 60 }),
  checks: [
    [
      'its front page with every script and style sheet',
      async (visitor) => {
        const page = await visitor.visit('/next')
        demand(page.status === 200 && page.text.includes('Front page'), `status ${page.status}`)
        demand((await visitor.everyPart(page)) > 2, 'the page has no parts')
        demand(page.text.includes('href="/next/about"'), 'its link lacks the prefix')
      },
    ],
    [
      'a page that is made for the request',
      async (visitor) => {
        const page = await visitor.visit('/next/about?who=ann')
        demand(/About (?:<!-- -->)?ann/.test(page.text), `status ${page.status}`)
      },
    ],
    [
      'redirects',
      async (visitor) => {
        const page = await visitor.visit('/next/go')
        demand(page.path === '/next/about?who=redirected', `it leads to ${page.path}`)
      },
    ],
    [
      'route handlers',
      async (visitor) => {
        const response = await visitor.ask('/next/api', { method: 'POST', body: '{"a":1}' })
        const answer = JSON.stringify(await response.json())
        demand(answer === '{"got":{"a":1},"path":"/api"}', answer)
      },
    ],
  ],
}
