// Routing: `route = REGEX ACTION:ARGUMENTS`, and the headers of responses. What is a redirect, a rewrite, a password or a refusal becomes a
// layer; the rest of uWSGI's routing is a language of its own.
import type { UwsgiOption } from '../option.ts'
import type { Instance, Settings } from '../instance.ts'
import { carried, changed, left, needless, refused, type Rule, type Verdict } from '../rule.ts'

/** What a route looks at, by the end of its name; the path has none. */
const SUBJECTS: Readonly<Record<string, string>> = {
  host: 'HTTP_HOST',
  uri: 'REQUEST_URI',
  qs: 'QUERY_STRING',
  'remote-addr': 'REMOTE_ADDR',
  'remote-user': 'REMOTE_USER',
  'user-agent': 'HTTP_USER_AGENT',
  referer: 'HTTP_REFERER',
}

/** When a route counts, as rules of layers have it; `path`: a plain beginning of a path. */
interface Condition {
  readonly rule: Settings
  readonly path?: string
  readonly isAlways: boolean
  /** `$1` of the action is of the path. */
  readonly hasGroups: boolean
}

const LANGUAGE =
  'this is of a language of its own: put it into the app, or into a [layer of your own](middleware-own.md)'
const NOT_HERE = 'put it into the app, or into a layer of your own'

function route(option: UwsgiOption, instance: Instance): Verdict {
  const condition = conditionOf(option)
  if (typeof condition === 'string') return left(condition)
  const { when, action } = condition
  const [, name = '', text = ''] = /^([a-z0-9-]+):?([^]*)$/.exec(action) ?? []
  const act = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (!act) return left(`there is nothing like the action ${name || action} here: ${NOT_HERE}`)
  return act(text, when, instance)
}

function conditionOf({ key, value }: UwsgiOption): { when: Condition; action: string } | string {
  if (key === 'route-run') return { when: { rule: {}, isAlways: true, hasGroups: false }, action: value }
  const space = value.indexOf(' ')
  if (space < 0) return 'there is no action in it'
  const test = value.slice(0, space)
  const action = value.slice(space + 1).trim()
  if (key === 'route-if' || key === 'route-if-not') {
    const rule = comparison(test, key === 'route-if' ? 'when' : 'unless')
    return rule === undefined
      ? `there is nothing like the condition ${test} here: ${NOT_HERE}`
      : { when: { rule, isAlways: false, hasGroups: false }, action }
  }
  try {
    new RegExp(test)
  } catch (error) {
    return `${test} is no regular expression here: ${(error as Error).message}`
  }
  const subject = key === 'route' ? undefined : SUBJECTS[key.slice('route-'.length)]
  if (subject !== undefined)
    return { when: { rule: { when: { [subject]: `/${test}/` } }, isAlways: false, hasGroups: false }, action }
  const path = /^\^((?:\/[\w-]+)+)\/?$/.exec(test)?.[1]
  const isAlways = /^(?:\^?\.\*\$?|\^|\^\/|\/)$/.test(test)
  return {
    when: { rule: isAlways ? {} : { match: test }, isAlways, hasGroups: true, ...(path !== undefined && { path }) },
    action,
  }
}

/** `equal:${HTTPS};on`, `regexp:${HTTP_HOST};^www`, `empty:${HTTPS}`. */
function comparison(test: string, side: 'when' | 'unless'): Settings | undefined {
  const [, kind, name, text = ''] = /^([a-z]+):\$\{([A-Z][A-Z0-9_]*)\}(?:;([^]*))?$/.exec(test) ?? []
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
  if (name === undefined || text.includes('${')) return undefined
  switch (kind) {
    case 'equal':
    case 'eq':
      return { [side]: { [name]: text } }
    case 'empty':
      return { [side]: { [name]: '' } }
    case 'regexp':
    case 're':
      return { [side]: { [name]: `/${text}/` } }
    case 'startswith':
      return { [side]: { [name]: `/^${escaped}/` } }
    case 'endswith':
      return { [side]: { [name]: `/${escaped}$/` } }
    case 'contains':
    case 'contain':
      return { [side]: { [name]: `/${escaped}/` } }
    default:
      return undefined
  }
}

type Action = (text: string, when: Condition, instance: Instance) => Verdict

/** A rule of redirect or rewrite. */
function ruled(layer: 'redirect' | 'rewrite', more: Settings): Action {
  return (text, { rule, hasGroups }, instance) => {
    if (!hasGroups && /\$[0-9]/.test(text))
      return left(
        '$1 is of a regular expression for the path here, and of nothing else: write it as a route for the path',
      )
    const whole = layer === 'redirect' ? wholeRedirect(text) : undefined
    const target = whole ? '' : targetOf(text)
    if (target === undefined || (!whole && /^[a-z]+:\/\/[^/]*\$/.test(text)))
      return left(`${text} has a variable that is no variable of the request: ${NOT_HERE}`)
    const { routes } = instance.layers
    // uWSGI's rules are one list: neighbours of a kind stay together.
    const last = routes.at(-1)?.[layer] as { rules: Settings[] } | undefined
    const written = whole ? { ...withoutScheme(rule), ...whole, ...more } : { ...rule, to: target, ...more }
    if (last) last.rules.push(written)
    else routes.push({ [layer]: { rules: [written] } })
    return carried(['use', layer])
  }
}

/** To the same path with another scheme or host, which a redirect has settings for. */
function wholeRedirect(text: string): Settings | undefined {
  const [, scheme, host] =
    /^(https?):\/\/([\w.-]+|\$\{(?:HTTP_HOST|SERVER_NAME)\})\/?\$\{REQUEST_URI\}$/.exec(text) ?? []
  if (host === undefined) return undefined
  return host.startsWith('$') ? { scheme } : { scheme, host }
}

/** What is asked with that scheme is not led there anyway. */
function withoutScheme(rule: Settings): Settings {
  const without = (side: unknown): Settings =>
    Object.fromEntries(
      Object.entries((side as Settings | undefined) ?? {}).filter(
        ([name]) => !['HTTPS', 'REQUEST_SCHEME', 'UWSGI_SCHEME'].includes(name),
      ),
    )
  const { when, unless, ...others } = rule
  const kept = { when: without(when), unless: without(unless) }
  return { ...others, ...Object.fromEntries(Object.entries(kept).filter(([, side]) => Object.keys(side).length > 0)) }
}

/** `${REQUEST_URI}` and the like are the same; `${time[unix]}` is not. */
function targetOf(text: string): string | undefined {
  const others = text.replaceAll(/\$\{[A-Z][A-Z0-9_]*\}/g, '')
  return others.includes('${') ? undefined : text
}

const password: Action = (text, { path, isAlways }, instance) => {
  const comma = text.indexOf(',')
  const realm = text.slice(0, Math.max(0, comma))
  const who = text.slice(comma + 1)
  if (comma < 0 || (!isAlways && path === undefined))
    return left('a password is for everything, or for a path with all below it: the layer auth with path')
  const isFile = who.startsWith('/')
  instance.layers.routes.push({
    auth: {
      realm,
      ...(isFile ? { file: who } : { users: [who], plain: true }),
      ...(path !== undefined && { path }),
      passAuthorization: true,
    },
  })
  return changed(isFile ? 'one of htpasswd is taken' : 'a hash is better than the password itself: htpasswd -B', [
    'use',
    'auth',
  ])
}

const refuse: Action = (text, { path, isAlways }, instance) => {
  if (!text.startsWith('403') || isAlways || path === undefined)
    return left('a fixed answer is a mount: { respond: 410 }')
  instance.layers.routes.push({ access: { deny: 'all', path } })
  return carried(['use', 'access'])
}

const header: Action = (text, { isAlways }, instance) =>
  isAlways ? addHeader(text, instance) : left('the layer headers is for all paths: give these a mount of their own')

function addHeader(text: string, instance: Instance): Verdict {
  const [, name, value] = /^([^:\s]+):\s*([^]*)$/.exec(text) ?? []
  if (name === undefined) return left('a header is NAME: VALUE')
  if (value!.includes('${') && targetOf(value!) === undefined)
    return left(`${value} has a variable that is no variable of the request`)
  const add = (headersOf(instance).add ??= {}) as Record<string, string | string[]>
  add[name] = Object.hasOwn(add, name) ? [...[add[name]!].flat(), value!] : value!
  return carried(['use', 'headers'])
}

function headersOf(instance: Instance): Settings {
  const { outer } = instance.layers
  const found = outer.find((layer) => 'headers' in layer) ?? { headers: { response: {} } }
  if (!outer.includes(found)) outer.push(found)
  return (found.headers as { response: Settings }).response
}

const nothing: Action = () => carried(undefined, 'it is always so, or nothing needs it')

const ACTIONS: Readonly<Record<string, Action>> = {
  redirect: ruled('redirect', {}),
  'redirect-302': ruled('redirect', {}),
  'redirect-permanent': ruled('redirect', { permanent: true }),
  'redirect-301': ruled('redirect', { permanent: true }),
  rewrite: ruled('rewrite', {}),
  'rewrite-last': ruled('rewrite', {}),
  basicauth: password,
  break: refuse,
  addheader: header,
  'add-header': header,
  fixpathinfo: nothing,
  last: nothing,
  continue: nothing,
  chunked: nothing,
}

const remove: Rule = {
  names: ['rem-header', 'del-header'],
  here: 'the layer `headers`: `response.remove`',
  take({ value }, instance) {
    const response = headersOf(instance)
    response.remove = [...((response.remove as string[] | undefined) ?? []), value]
    return carried(['use', 'headers'])
  },
}

const limit: Rule = {
  names: ['limit-post'],
  here: 'the layer `limit`: `body`',
  take({ value }, instance) {
    const bytes = Number.parseInt(value, 10)
    if (!(bytes > 0)) return carried(undefined, 'it is off')
    instance.layers.limits.push({ limit: { body: Math.min(bytes, 2 ** 40) } })
    return carried(['use', 'limit', 0, 'body'])
  },
}

const errorPage: Rule = {
  names: ['error-page-403', 'error-page-404', 'error-page-500'],
  here: 'the layer `errors`: `pages`, `of: sidegate`',
  take({ key, value }, instance) {
    const { outer } = instance.layers
    const found = outer.find((layer) => 'errors' in layer) ?? { errors: { pages: {}, of: 'sidegate' } }
    if (!outer.includes(found)) outer.push(found)
    const { pages } = found.errors as { pages: Record<string, string> }
    const status = key.slice(-3)
    pages[status] ??= instance.path(value)
    return carried(['use', 'errors'])
  },
}

/** The rows. */
export const routeRules: readonly Rule[] = [
  {
    names: ['route', 'route-run', 'route-if', 'route-if-not', ...Object.keys(SUBJECTS).map((end) => `route-${end}`)],
    here: 'layers of the gateway, for these actions: `redirect`, `redirect-permanent`, `rewrite`, `basicauth`, `break:403`, `addheader`; `auth` and `access` for a path with all below it',
    take: route,
  },
  refused(['route-label', 'route-status', 'route-http-host', 'route-path-info'], LANGUAGE),
  {
    names: ['add-header'],
    here: 'the layer `headers`: `response.add`',
    take: ({ value }, instance) => addHeader(value, instance),
  },
  remove,
  errorPage,
  limit,
  refused(['collect-header', 'response-header-collect', 'pull-header', 'response-header-pull'], LANGUAGE),
  needless(['router-list', 'routers-list'], 'nothing here needs it', true),
]
