// A TypeScript app with the WSGI interface: called with the environ and start_response of PEP 3333, answers with chunks of its body.
import { decodePathInfo, type Application, type Environ } from 'sidegate'

export const app: Application = (environ, startResponse) => {
  const path = decodePathInfo(environ.PATH_INFO)
  if (path === '/') return page(startResponse, '200 OK', home())
  if (path === '/hello') return page(startResponse, '200 OK', hello(environ))
  if (path === '/environ') {
    startResponse('200 OK', [['Content-Type', 'text/plain; charset=utf-8']])
    return [listing(environ)]
  }
  if (path === '/clock') {
    startResponse('200 OK', [
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['X-Accel-Buffering', 'no'],
    ])
    return clock(environ['sidegate.signal'])
  }
  return page(startResponse, '404 Not Found', `<h1>Not found</h1><p>There is no ${escape(path)} here.`)
}

function home(): string {
  return `<h1>Sidegate</h1>
<p>Several apps, side by side behind one address:
<ul>
<li><a href="/hello?name=you">Hello</a>, <a href="/clock">a clock</a> that streams, and <a href="/environ">the environ</a>:
  this TypeScript app, <code>examples/hello.ts</code>
<li><a href="/express">An Express 5 app</a>, <code>examples/express/app.js</code>
<li><a href="/shop">A shop in Python</a>, a WSGI app in worker processes
<li><a href="/static/">A folder of files</a>, <code>examples/public</code>
</ul>`
}

function hello(environ: Environ): string {
  const name = new URLSearchParams(environ.QUERY_STRING).get('name') || 'World'
  return `<h1>Hello ${escape(name)}</h1>
<form><input name="name" value="${escape(name)}" aria-label="name"> <button>Greet</button></form>`
}

function listing(environ: Environ): string {
  return Object.entries(environ)
    .filter(([, value]) => typeof value !== 'object' && typeof value !== 'function')
    .map(([name, value]) => `${name} = ${String(value)}\n`)
    .toSorted()
    .join('')
}

/** A line a second, ten of them; stops when the client goes away. */
async function* clock(gone: AbortSignal): AsyncGenerator<string> {
  for (let count = 0; count < 10 && !gone.aborted; count++) {
    yield `${new Date().toISOString()}\n`
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

function page(startResponse: Parameters<Application>[1], status: string, content: string): string[] {
  startResponse(status, [['Content-Type', 'text/html; charset=utf-8']])
  return [
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sidegate</title>
<link rel="stylesheet" href="/static/style.css">${content}<p><a href="/">Start</a>\n`,
  ]
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
