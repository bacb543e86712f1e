// The page for an error while an app is being written: what went wrong, the place in its source, the stack. It says what only its author may know.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stackOf } from './thrown.ts'
import type { ErrorPage, SidegateError } from './errors.ts'

/** Lines before and after the place. */
const AROUND = 4

/** A place in a source. */
interface Place {
  readonly file: string
  readonly line: number
}

/**
 * A page for each error.
 * @param isSource whether a file is one of the app's. The text of an error may have words of a request, and names what clients like: no other file
 *   is opened
 */
export function developmentPage(isSource: (file: string) => boolean): ErrorPage {
  return (error: SidegateError, requestId: string) => {
    const detail = typeof error.cause === 'string' ? error.cause : stackOf(error.cause)
    return pageOf(`${error.code} (request ${requestId})`, error.message, detail, isSource)
  }
}

/** A page of HTML. `isSource`: which of the files that are named may be shown. */
export function pageOf(
  title: string,
  message: string,
  detail: string | undefined,
  isSource: (file: string) => boolean,
): { headers: [string, string][]; body: string } {
  const place = placeIn(detail ?? message, isSource)
  const parts = [
    `<h1>${escaped(title)}</h1><p>${escaped(message)}</p>`,
    place ? `<h2>${escaped(`${place.file}:${place.line}`)}</h2><pre>${excerpt(place)}</pre>` : '',
    detail === undefined ? '' : `<pre>${escaped(detail)}</pre>`,
    '<p><small>This page is there because of <code>sidegate dev</code>. A change of the source starts the app anew.</small></p>',
  ]
  const style =
    'body{font:16px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em}pre{background:#f4f4f4;padding:1em;overflow:auto}mark{background:#fc9}p{white-space:pre-wrap}'
  return {
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['Cache-Control', 'no-store'],
    ],
    body: `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style>${parts.join('')}\n`,
  }
}

/** Of JavaScript the first frame is where it happened, of Python the last. What is installed, and Sidegate's own, is not where to look. */
function placeIn(text: string, isSource: (file: string) => boolean): Place | undefined {
  const frames = [...text.matchAll(/(?:\(|at |^)((?:file:\/\/)?\/[^\s():]+):([0-9]+)(?::[0-9]+)?/gm)]
  const python = [...text.matchAll(/File "([^"]+)", line ([0-9]+)/g)].toReversed()
  return [...python, ...frames]
    .map(([, file = '', line]) => ({ file: pathOf(file), line: Number(line) }))
    .find(
      ({ file }) =>
        !/node_modules|site-packages|sidegate_worker|dist\/sidecar|\/sidecar\//.test(file) && isSource(file),
    )
}

/** Of what says to be an URL, and may be none, nothing. */
function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    return fileURLToPath(file)
  } catch {
    return ''
  }
}

function excerpt({ file, line }: Place): string {
  let lines: string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return ''
  }
  const first = Math.max(0, line - 1 - AROUND)
  return lines
    .slice(first, line + AROUND)
    .map((text, index) => {
      const number = first + index + 1
      const shown = `${String(number).padStart(5)}  ${escaped(text)}`
      return number === line ? `<mark>${shown}</mark>` : shown
    })
    .join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
