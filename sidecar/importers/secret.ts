// What nobody else should read of a line that a report shows: passwords and keys, wherever they stand in it.

/** Words of names whose values are secrets. `pass` by itself leads somewhere: `proxy_pass`, `"pass"` of Unit. */
const NAME = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|credential)[\w-]*`
/** A value: in quotes, or as far as a blank or the end of a query. */
const VALUE = String.raw`("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',;&)}\]]+)`

const PLACES: readonly RegExp[] = [
  // `X-Token: value`, `password="value"`, `'secret': 'value'`.
  new RegExp(`((?<![\\w.-])${NAME}["']?\\s*[=:]\\s*)${VALUE}`, 'gi'),
  // `--password value`.
  new RegExp(`((?:^|\\s)--?${NAME}\\s+)${VALUE}`, 'gi'),
  // `Authorization: Bearer value`.
  /(\b(?:bearer|basic)\s+)([\w+/=.~-]{6,})/gi,
]

/** A text without the values of what is called password, secret, token or key, and without the user of a URL. */
export function masked(text: string): string {
  return PLACES.reduce(
    (shown, place) => shown.replace(place, (_, before: string) => `${before}…`),
    text.replaceAll(/(:\/\/)[^/@\s"']*@/g, '$1…@'),
  )
}
