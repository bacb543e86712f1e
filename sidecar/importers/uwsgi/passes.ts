// What uWSGI fills in once all files are read, one after the other: `$(NAME)` from the environment, `@(FILE)` from a file, `%(NAME)` from
// other options: uwsgi_apply_config_pass and uwsgi_manage_placeholder of its sources.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { unknownMagic } from './magic.ts'
import type { UwsgiOption } from './option.ts'

/** What was filled in may have such places itself, without end where an option names itself. */
const ROUNDS_MAX = 100
/** A value that is longer is a slip. */
const LENGTH_MAX = 1024 * 1024

/** What stands in the place of one; a doubt: it is not known here, and why. */
type Filled = { readonly text: string } | { readonly doubt: string } | undefined

/** A place: where it begins and ends, and what stands between its brackets. */
interface Placeholder {
  readonly from: number
  readonly to: number
  readonly inner: string
}

/**
 * Fills in all options, in the order in which uWSGI does it.
 * @param named gets the names of the options that were filled in to others
 */
export async function filledIn(
  options: readonly UwsgiOption[],
  environment: Readonly<Record<string, string | undefined>>,
  cwd: string,
  named: Set<string>,
): Promise<UwsgiOption[]> {
  const used = new Map<number, Set<string>>()
  const withVariables = await pass(options, '$', (name, index) => {
    const text = environment[name]
    if (text === undefined)
      return { doubt: `the variable ${name} is not set where this was imported: set it and import it again` }
    used.set(index, (used.get(index) ?? new Set()).add(name))
    return { text }
  })
  const withFiles = await pass(withVariables, '@', (name) => fileText(name, cwd))
  const known: UwsgiOption[] = [...withFiles]
  await pass(withFiles, '%', (name) => expression(name, known, named), known)
  // What log formats have is filled in for each request.
  for (const [index, option] of known.entries()) {
    const open = /^(?:log|req-log)/.test(option.key) ? undefined : /%\([^()]+\)/.exec(option.value)?.[0]
    if (open !== undefined) known[index] = { ...option, doubt: option.doubt ?? `nothing says what ${open} is` }
  }
  return known.map((option, index) => {
    const names = used.get(index)
    return names ? { ...option, environment: [...names] } : option
  })
}

/** @param into where each is put as soon as it is filled in, for those behind it */
async function pass(
  options: readonly UwsgiOption[],
  symbol: string,
  fill: (inner: string, index: number) => Filled | Promise<Filled>,
  into: UwsgiOption[] = [],
): Promise<UwsgiOption[]> {
  for (const [index, option] of options.entries()) {
    let { value, doubt } = option
    let from = 0
    for (let round = 0; ; round++) {
      const place = nextPlace(value, symbol, from)
      if (!place) break
      const filled = await fill(place.inner, index)
      if (filled === undefined || 'doubt' in filled) {
        doubt ??= filled?.doubt
        from = place.to
        continue
      }
      value = value.slice(0, place.from) + filled.text + value.slice(place.to)
      from = 0
      if (round < ROUNDS_MAX && value.length < LENGTH_MAX) continue
      doubt = 'what it stands for never ends'
      break
    }
    doubt ??= unknownMagic(value)
    const raw = option.raw ?? (value === option.value ? undefined : option.value)
    into[index] = { ...option, value, raw, doubt }
  }
  return into
}

/** The next `$(…)`, with brackets in it that belong together. */
function nextPlace(text: string, symbol: string, from: number): Placeholder | undefined {
  for (let start = text.indexOf(`${symbol}(`, from); start >= 0; start = text.indexOf(`${symbol}(`, start + 1)) {
    let depth = 0
    for (let at = start + 2; at < text.length; at++) {
      if (text[at] === '(') depth++
      else if (text[at] === ')' && depth-- === 0) {
        const inner = text.slice(start + 2, at)
        if (inner === '') break
        return { from: start, to: at + 1, inner }
      }
    }
  }
  return undefined
}

async function fileText(name: string, cwd: string): Promise<Filled> {
  const scheme = /^([a-z]+):\/\//.exec(name)?.[1]
  if (scheme !== undefined) return { doubt: `@(${scheme}://…) is asked for by uWSGI itself: write what it gives` }
  try {
    return { text: (await readFile(resolve(cwd, name), 'utf8')).replace(/[\n\r]$/, '') }
  } catch (error) {
    return { doubt: `@(${name}) cannot be read (${(error as NodeJS.ErrnoException).code}), and would be empty` }
  }
}

/** A name, or several with signs between them: `%(processes cores + 2)` puts names together and counts from left to right. */
function expression(inner: string, options: readonly UwsgiOption[], named: Set<string>): Filled {
  const valueOf = (name: string): UwsgiOption | undefined => {
    named.add(name)
    return options.find(({ key }) => key === name)
  }
  if (!inner.includes(' ')) {
    const option = valueOf(inner)
    if (!option) return undefined
    return option.doubt === undefined ? { text: option.value } : { doubt: option.doubt }
  }
  let current: string | undefined
  let state = ''
  for (const word of inner.split(' ').filter((one) => one !== '')) {
    if (/^[-+*/]$/.test(word)) {
      state = word
      continue
    }
    if (word === '++' || word === '--') {
      if (current !== undefined) current = String(whole(current) + (word === '++' ? 1n : -1n))
      state = ''
      continue
    }
    const value = /^[0-9]+$/.test(word) ? word : (valueOf(word)?.value ?? '')
    current = state === '' ? (current ?? '') + value : String(counted(whole(current ?? ''), state, whole(value)))
    state = ''
  }
  return { text: current ?? '' }
}

function whole(text: string): bigint {
  return BigInt(/^\s*[+-]?[0-9]{1,18}/.exec(text)?.[0].trim().replace('+', '') ?? 0)
}

function counted(one: bigint, sign: string, other: bigint): bigint {
  if (sign === '+') return one + other
  if (sign === '-') return one - other
  if (sign === '*') return one * other
  return other === 0n ? 0n : one / other
}
