// What a host needs on Sidegate's side: that the listener knows who is in front, whose ways are put right.
import type { Host, PlugListener } from './host.ts'

/**
 * Comment lines with what is to be written; none when the listener names the host already, or nobody says what it names.
 * @param label the host's name for people
 */
export function hostNote({ name }: Pick<Host, 'name'>, label: string, { host }: PlugListener): string[] {
  if (host === undefined || host === name) return []
  return [
    `# Sidegate has to know that ${label} is in front, or what that does to a request is not put right. Write`,
    `#     host: ${JSON.stringify(name)}`,
    `# in Sidegate's configuration, or serve with \`--host ${name}\`.`,
  ]
}
