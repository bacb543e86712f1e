// argv → one command → an exit code. Errors become lines here, and nowhere else.
import { nearest } from '../nearest.ts'
import { kinds } from '../mounts/index.ts'
import type { MountKind } from '../mounts/mount.ts'
import { EXIT, UsageError, type Command, type Context } from './command.ts'
import { commands } from './commands.ts'
import { failureLines } from './failure.ts'
import { commandHelp, kindHelp, mainHelp } from './help.ts'
import { parseCall } from './parse.ts'
import { version } from '../version.ts'

/**
 * Runs one command; errors are printed.
 * @param words what follows `sidegate`
 * @returns the exit code
 */
export async function run(words: readonly string[], context: Context): Promise<number> {
  try {
    return await dispatch(words, context)
  } catch (error) {
    if (error instanceof UsageError) {
      const help = error.command === undefined ? 'sidegate --help' : `sidegate ${error.command} --help`
      fail(`sidegate: ${error.message}\n(${help} tells more)\n`, context)
      return EXIT.usage
    }
    fail(failureLines(error), context)
    return EXIT.failed
  }
}

function fail(lines: string, { stderr, supervised }: Context): void {
  stderr.write(lines)
  supervised?.failed(lines)
}

async function dispatch([name, ...rest]: readonly string[], context: Context): Promise<number> {
  if (name === undefined) {
    context.stderr.write(mainHelp(commands, version()))
    return EXIT.usage
  }
  if (name === '--version' || name === '-V') {
    context.stdout.write(`${version()}\n`)
    return EXIT.ok
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    context.stdout.write(helpFor(name === 'help' ? rest[0] : undefined))
    return EXIT.ok
  }
  const command = find(name, commands)
  if (!command) throw unknownCommand(name)
  const { positionals, options, help } = parseCall(command, rest)
  if (!help) return command.run({ positionals, options, context })
  context.stdout.write(commandHelp(command))
  return EXIT.ok
}

function helpFor(topic: string | undefined): string {
  if (topic === undefined) return mainHelp(commands, version())
  const command = find(topic, commands)
  if (command) return commandHelp(command)
  const kind = (kinds as readonly MountKind[]).find((known) => known.kind === topic)
  if (kind) return kindHelp(kind)
  throw unknownCommand(topic)
}

function find(name: string, list: readonly Command[]): Command | undefined {
  return list.find((known) => known.name === name)
}

function unknownCommand(name: string): UsageError {
  const names = commands.map((command) => command.name)
  const near = nearest(name, names)
  return new UsageError(
    `there is no command ${name}; ${near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`}`,
  )
}
