// An option of uWSGI, as it stands in a file or on a command line.

/** A line of a file: a key, and what stands behind it. */
export interface WrittenLine {
  readonly key: string
  /** Empty where there is none. */
  readonly value: string
  /** From 1 on. */
  readonly line: number
}

/** An option as uWSGI has it once everything is read and filled in. */
export interface UwsgiOption {
  readonly key: string
  /** Empty where there is none. */
  readonly value: string
  /** The value as it was written, where something was filled in to it. */
  readonly raw?: string | undefined
  /** `FILE:LINE`. */
  readonly place: string
  /** Why its value is not known here: a placeholder that says something only when uWSGI runs, a variable that is not set. */
  readonly doubt?: string | undefined
  /** What was filled in from the environment, by name. */
  readonly environment?: readonly string[] | undefined
}

/** A line that is no option once everything is read, and what became of it. */
export interface UwsgiAside extends Pick<UwsgiOption, 'key' | 'value' | 'place'> {
  /** It does not count, and why. Else it has done what it is for. */
  readonly left?: string
}

/** As uWSGI takes the value of a switch: whatever does not say no. */
export function isOn({ value }: Pick<UwsgiOption, 'value'>): boolean {
  return !/^(?:false|off|no|0)$/i.test(value)
}

/** The whole number that a value begins with, as atoi(3) reads it; undefined where there is none. */
export function numberIn({ value }: Pick<UwsgiOption, 'value'>): number | undefined {
  const digits = /^\s*([+-]?[0-9]+)/.exec(value)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
