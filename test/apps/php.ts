// What the checks of PHP applications have in common.
import { userCalled } from '../../sidecar/accounts.ts'
import { demand } from './app.ts'

/** As whom PHP runs where the gateway is root. */
export function owner(): { uid: number; gid: number } {
  if (process.getuid?.() !== 0) return { uid: process.getuid!(), gid: process.getgid!() }
  const { uid, gid = uid } = userCalled('www-data', 'user')
  return { uid, gid }
}

/** An image of one dot. */
export const PNG: Buffer<ArrayBuffer> = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
)

/** The value of a field of a form. @throws {Error} */
export function field(page: string, name: string): string {
  for (const [tag] of page.matchAll(/<input\b[^>]*>/gi)) {
    if (!new RegExp(`\\bname=["']${name.replace(/[[\]]/g, '\\$&')}["']`).test(tag)) continue
    const [, value] = /\bvalue=["']([^"']*)["']/.exec(tag) ?? []
    demand(value !== undefined, `the field ${name} has no value`)
    return value.replaceAll('&amp;', '&').replaceAll('&#43;', '+')
  }
  throw new Error(`the page has no field ${name}`)
}
