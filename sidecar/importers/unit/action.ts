// `action` of a step → what answers: a share, a proxy, a fixed response, or what `pass` names.
import type { ConfigPath } from '../../problem.ts'
import type { Applications } from './applications.ts'
import type { Answer, Group } from './group.ts'
import { Refused } from './refused.ts'
import { responseTarget } from './response.ts'
import { shareTarget } from './share.ts'
import { behind, type Target } from './target.ts'
import { converted, isFixed, targetWords } from './template.ts'
import type { Told } from './told.ts'
import { proxyTarget, type Upstreams } from './upstreams.ts'

/** What actions lead to. */
export interface Surroundings {
  readonly told: Told
  readonly applications: Applications
  readonly upstreams: Upstreams
}

/** Where `pass` leads: its words, decoded. @throws {Refused} for one that depends on the request */
export function passWords(pass: unknown): readonly string[] {
  if (typeof pass !== 'string') throw new Refused('pass is no text')
  if (!isFixed(pass))
    throw new Refused(`pass ${pass} depends on the request: write a step for each of the places it may lead to`)
  try {
    return pass.split('/').map(decodeURIComponent)
  } catch {
    throw new Refused(`pass ${pass} has a % that is none of %25 or %2F`)
  }
}

/** @throws {Refused} */
export function answerOf(action: Group, path: ConfigPath, around: Surroundings): Answer {
  const to = typeof action.rewrite === 'string' ? rewritten(action.rewrite) : undefined
  const { target, note } = targetOf(action, path, around)
  const fields = action.response_headers
  if (fields === undefined) return { target, to, note }
  const layer = headersLayer(fields as Group)
  return { target: behind(target, JSON.stringify(layer), () => [layer]), to, note }
}

function targetOf(action: Group, path: ConfigPath, around: Surroundings): { target: Target; note: string | undefined } {
  if (action.pass !== undefined) {
    const [kind, name = '', part] = passWords(action.pass)
    if (kind === 'applications') return { target: around.applications.target(name, part), note: undefined }
    if (kind === 'upstreams') return { target: around.upstreams.target(name), note: undefined }
    throw new Refused(`pass ${String(action.pass)} leads to a route, from where only steps and listeners lead`)
  }
  if (action.share !== undefined) {
    return shareTarget(action, path, around.told, (fallback, at) => answerOf(fallback, at, around))
  }
  if (typeof action.proxy === 'string') return { target: proxyTarget(action.proxy), note: undefined }
  if (action.return !== undefined) return responseTarget(action)
  throw new Refused('it does nothing that is known here')
}

/** A path, with `$uri` in it. */
function rewritten(text: string): string {
  const to = converted(text, targetWords)
  if (!to.startsWith('/') && !to.startsWith('${PATH_INFO}')) throw new Refused(`rewrite ${text} is no path`)
  return to
}

/** `response_headers`: null takes a field away. */
function headersLayer(fields: Group): unknown {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) remove.push(name)
    else set[name] = converted(String(value), (words) => words)
  }
  return {
    headers: {
      response: { ...(remove.length > 0 && { remove }), ...(Object.keys(set).length > 0 && { set }) },
    },
  }
}
