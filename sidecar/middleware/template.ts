// Text with ${VARIABLES} of the request in it, as settings of layers have it: `https://${HTTP_HOST}${REQUEST_URI}`.
import { ConfigError } from '../errors.ts'
import type { Exchange } from '../exchange.ts'
import { isSecure } from '../variables.ts'
import { BAD_VALUE } from '../wire/field-values.ts'

/** A text of the settings. */
export interface Template {
  /** It has no variables, and is the same for each request. */
  readonly fixed: boolean
  /** The text for a request: a latin-1 string whose characters are bytes, as values of variables are. */
  fill(exchange: Exchange): string
}

/** What a request has that is no variable. */
const COMPUTED: Readonly<Record<string, (exchange: Exchange) => string>> = {
  REQUEST_ID: ({ id }) => id,
  REQUEST_SCHEME: ({ variables }) => (isSecure(variables) ? 'https' : 'http'),
}

type Part = (exchange: Exchange) => string

/**
 * `${NAME}` is a variable of the request, empty where it is not there; `${NAME:-text}` is the text there, as in a shell; `$${` is a `${` that
 * stays. What is written is sent as UTF-8.
 * @param path of the setting, for errors
 * @throws {ConfigError} TEMPLATE_BAD
 */
export function parseTemplate(text: string, path: string): Template {
  const parts: (string | Part)[] = []
  let at = 0
  for (const match of text.matchAll(/\$\$\{|\$\{([^}]*)\}?/g)) {
    parts.push(bytesOf(text.slice(at, match.index)))
    parts.push(match[1] === undefined ? '${' : partOf(match[0], path))
    at = match.index + match[0].length
  }
  parts.push(bytesOf(text.slice(at)))
  if (!parts.some((part) => typeof part === 'function')) {
    const whole = parts.join('')
    return { fixed: true, fill: () => whole }
  }
  return {
    fixed: false,
    fill: (exchange) => parts.map((part) => (typeof part === 'string' ? part : part(exchange))).join(''),
  }
}

/** A template whose text is the value of a header field: what none may hold, a line break for one, is percent-encoded. */
export function fieldTemplate(text: string, path: string): Template {
  const template = parseTemplate(text, path)
  if (!template.fixed) return { fixed: false, fill: (exchange) => fieldText(template.fill(exchange)) }
  if (BAD_VALUE.test(template.fill(undefined as never)))
    throw new ConfigError('TEMPLATE_BAD', path, 'the value of a header field has no line breaks or control characters')
  return template
}

/** A text without what no value of a field may hold. */
function fieldText(text: string): string {
  return BAD_VALUE.test(text) ? text.replace(/[^\t\x20-\x7e\x80-\xff]/g, encodeURIComponent) : text
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function partOf(written: string, path: string): Part {
  const parts = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\}$/s.exec(written)
  if (!parts) {
    const message = `${written} is not like \${NAME} or \${NAME:-text}, a variable of the request; write $\${ for a plain \${`
    throw new ConfigError('TEMPLATE_BAD', path, message)
  }
  const [, name = '', fallback = ''] = parts
  const otherwise = bytesOf(fallback)
  const computed = Object.hasOwn(COMPUTED, name) ? COMPUTED[name] : undefined
  return computed ?? (({ variables }) => variables[name] || otherwise)
}
