// What a command is: one entry of the table in commands.ts. Parsing, help and docs/cli.md are derived from it.
import type { Writable } from 'node:stream'
import type { Controlled } from '../admin/control.ts'
import { SECONDS_MAX } from '../quantity.ts'
import type { Succession } from '../succession.ts'
import type { Ready } from '../supervisor/orders.ts'

/** An option of a command. */
export interface Option {
  /** Without the dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** What stands for the value in help, such as `FILE`; without one the option is a switch. */
  readonly value?: string
  /** Names that people write for it, without the dashes: they are refused, with the right one. */
  readonly meant?: readonly string[]
  /** May be given several times. */
  readonly repeat?: boolean
  /** One sentence. */
  readonly text: string
  /** The default as shown in help. */
  readonly default?: string
}

/** What is printed there cannot be written, most often because nobody reads it any more (EPIPE). */
export type OutputLost = (output: 'stdout' | 'stderr', error: Error) => void

/** A signal that asks the process to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT' | 'SIGBREAK'

/** A signal that every program gives a meaning of its own; to Sidegate they mean nothing. */
export type UserSignal = 'SIGUSR1' | 'SIGUSR2'

/** What a gateway is to the process that has started it, and starts those that follow it. */
export interface Supervised extends Succession {
  /** Which of several is this, from 0 on. */
  readonly place: number
  /** Counted from 1. */
  readonly generation: number
  /** The listening sockets that it was handed, by the keys of their listeners. */
  readonly sockets: Readonly<Record<string, unknown>>
  /** Resolves when another one serves. */
  readonly succeeded: Promise<void>
  /** Resolves when whoever started it is no more. */
  readonly orphaned: Promise<void>
  /** It serves. Resolves once that is said. */
  ready(what: Omit<Ready, 'generation' | 'sockets'>, gateway: Controlled): Promise<void>
  /** What it is to be started anew for has become another. */
  watch(watched: Ready['watched']): void
  /** It does not come up: what was printed. */
  failed(why: string): void
}

/** The surroundings of a run. */
export interface Context {
  /** The working directory, absolute. */
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: Writable
  readonly stderr: Writable
  /** Calls `listener` for each of these signals; gives the way to stop that. */
  readonly onStopSignal: (listener: (signal: StopSignal) => void) => () => void
  /** Where the process is one of several that serve one after the other. */
  readonly supervised?: Supervised | undefined
  readonly onUserSignal: (listener: (signal: UserSignal) => void) => () => void
  /** To be called before anything of an app is loaded, which may open a debugger by itself. */
  readonly beforeApps: () => Promise<void>
  /** Calls `listener` for each write that fails. Where nobody listens, the process ends with the first one to stdout. */
  readonly onOutputLost: (listener: OutputLost) => void
}

/** The options of a call by name: text, a list for `repeat`, true for a switch. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** A command as it was called. */
export interface Call {
  readonly positionals: readonly string[]
  readonly options: OptionValues
  readonly context: Context
}

/** A command. */
export interface Command {
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** What follows the name, such as `[TARGET…]`. */
  readonly synopsis: string
  /** How many positionals there may be. */
  readonly positionals: { readonly min: number; readonly max: number }
  readonly options: readonly Option[]
  /** Where options go that belong to another program, for a call that may have some. */
  foreign?(words: readonly string[]): string | undefined
  /** Lines to copy, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
  /** @returns the exit code. */
  run(call: Call): Promise<number>
}

/** Exit codes. */
export const EXIT = {
  ok: 0,
  /** The configuration, the start, or the thing asked for failed. */
  failed: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Stopped before the requests in flight were done. */
  cut: 3,
} as const

/** The command line cannot be understood. */
export class UsageError extends Error {
  /** The command whose help leads on. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super(message)
    this.name = 'UsageError'
    this.command = command
  }
}

/** The text of an option, or undefined. */
export function text(options: OptionValues, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** The texts of an option that may be repeated. */
export function texts(options: OptionValues, name: string): readonly string[] {
  const value = options[name]
  return Array.isArray(value) ? (value as readonly string[]) : []
}

/** The number of an option, or undefined. Unless said otherwise it is a time in seconds. @throws {UsageError} */
export function number(options: OptionValues, name: string, least = 0, most: number = SECONDS_MAX): number | undefined {
  const value = text(options, name)
  if (value === undefined) return undefined
  if (!/^[0-9]+(?:\.[0-9]+)?$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new UsageError(`--${name} is a number from ${least} to ${most}, not ${JSON.stringify(value)}`)
  }
  return Number(value)
}
