// argv → command, options, positionals.
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearest } from '../nearest.ts'
import { UsageError, type Command, type OptionValues } from './command.ts'

/** A command's words taken apart. */
export interface ParsedCall {
  readonly positionals: readonly string[]
  readonly options: OptionValues
  readonly help: boolean
}

/** @throws {UsageError} for unknown options, missing values, and too few or too many positionals. */
export function parseCall(command: Command, words: readonly string[]): ParsedCall {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } }
  for (const { name, short, value, repeat } of command.options) {
    options[name] = {
      type: value === undefined ? 'boolean' : 'string',
      multiple: repeat ?? false,
      ...(short && { short }),
    }
  }
  const { values, positionals } = attempt(command, words, options)
  const help = values.help === true
  const { min, max } = command.positionals
  if (!help && positionals.length < min) {
    throw new UsageError(`something is missing: sidegate ${command.name} ${command.synopsis}`, command.name)
  }
  if (!help && positionals.length > max) {
    throw new UsageError(
      `${JSON.stringify(positionals[max])} is too much: sidegate ${command.name} ${command.synopsis}`,
      command.name,
    )
  }
  return { positionals, options: values as OptionValues, help }
}

function attempt(
  command: Command,
  words: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']*)'/.exec(message)?.[1] : undefined
    if (unknown === undefined) throw new UsageError(firstSentence(message), command.name)
    const name = unknown.replace(/^-+/, '')
    const meant = command.options.find((option) => option.meant?.includes(name))?.name
    const near = meant ?? nearest(name, Object.keys(options))
    const hints = [near === undefined ? undefined : `did you mean --${near}?`, command.foreign?.(words)]
    throw new UsageError(
      [`there is no option ${unknown}`, ...hints.filter((hint) => hint !== undefined)].join('; '),
      command.name,
    )
  }
}

function firstSentence(message: string): string {
  return message.split(/\n|\. /)[0]!.replace(/\.$/, '')
}
