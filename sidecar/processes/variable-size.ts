// How much of a variable the system takes.

/** Bytes of one variable: `NAME=VALUE` and the NUL byte behind it. More Linux does not take (MAX_ARG_STRLEN, execve(2)). */
export const VARIABLE_MAX: number = 128 * 1024

/** Bytes that a variable takes. */
export function sizeOf(name: string, value: string, encoding: 'utf8' | 'latin1' = 'utf8'): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value, encoding) + 2
}
