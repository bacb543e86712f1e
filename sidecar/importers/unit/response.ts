// `return` → a fixed response, or a redirect.
import type { Group } from './group.ts'
import { Refused } from './refused.ts'
import { plainTarget, type Target } from './target.ts'
import { converted, isFixed, targetWords } from './template.ts'

const REDIRECTS = [301, 302, 303, 307, 308]

/** @throws {Refused} */
export function responseTarget(action: Group): { target: Target; note: string | undefined } {
  const status = Number(action.return)
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new Refused(`return ${String(action.return)}: a response has a status from 200 to 599`)
  const { location } = action
  if (typeof location !== 'string') {
    if (REDIRECTS.includes(status)) throw new Refused(`return ${status} has no location`)
    return { target: plainTarget(`return-${status}`, { respond: status, body: '' }), note: undefined }
  }
  if (!REDIRECTS.includes(status)) {
    if (!isFixed(location))
      throw new Refused(`return ${status} with the location ${location}, which depends on the request`)
    return {
      target: plainTarget(`return-${status}`, { respond: status, body: '', headers: { Location: location } }),
      note: undefined,
    }
  }
  if (isFixed(location)) return { target: plainTarget('redirect', { respond: status, location }), note: undefined }
  return redirect(status, location)
}

function redirect(status: number, location: string): { target: Target; note: string | undefined } {
  const [, scheme, path] = /^(https?):\/\/\$(?:host|\{host\})(.*)$/.exec(location) ?? []
  const same = path !== undefined && /^\$\{?(?:request_uri|uri)\}?$/.test(path)
  if (scheme !== undefined && same) return redirects(location, { scheme, status }, undefined)
  if (scheme !== undefined) throw new Refused(`the location ${location} has the host of the request: name it`)
  const whole = location.replace(/\$(?:request_uri|\{request_uri\})$/, '$uri')
  // The query stays where the target of a rule has none.
  const to = converted(whole, targetWords) + (whole === location && !location.includes('?') ? '?' : '')
  return redirects(location, { to, status }, undefined)
}

function redirects(
  location: string,
  rule: Readonly<Record<string, unknown>>,
  note: string | undefined,
): { target: Target; note: string | undefined } {
  // A rule that leads to where the client is does nothing: then this is what is behind it.
  const target = plainTarget(
    'redirect',
    { respond: 404 },
    {
      id: `redirect ${JSON.stringify(rule)}`,
      whole: !/^https?:/.test(location) || location.includes('uri'),
      layers: () => [{ redirect: [rule] }],
    },
  )
  return { target, note }
}
