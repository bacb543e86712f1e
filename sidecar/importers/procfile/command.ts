// The command of a process, which a shell would run, as a run mount runs it: without one where that does, and reachable for the gateway alone.
import { splitWords } from '../../processes/words.ts'

/** What is made of one. */
export interface ProcessCommand {
  /** `run` and, where it needs one, `env` of the mount. */
  readonly settings: { readonly run: string | readonly string[]; readonly env?: Readonly<Record<string, string>> }
  /** As it was written, without the values of variables. */
  readonly shown: string
  /** What is different; none where nothing is. */
  readonly changes: readonly string[]
  /** Its first words, for who knows programs; empty where a shell has several to run. */
  readonly words: readonly string[]
}

/** `NAME=value ` in front of a command, where no shell has to make the value. */
const ASSIGNMENT = /^([A-Za-z_]\w*)=('[^']*'|"[^"$`\\]*"|[^\s'"$`\\;&|<>()]*)\s+/
/** What only a shell understands, where quotes do not hide it. `$PORT` is the gateway's. */
const OF_SHELL = /[|&;<>()`*?[\]{}~]|\$(?!PORT\b)/
/** More than one command. */
const SEVERAL = /[|&;<>()`]/

/** @param line what stands behind `web:` */
export function processCommand(line: string): ProcessCommand {
  const changes: string[] = []
  const env: Record<string, string> = {}
  let command = line
  let shown = ''
  for (let found = ASSIGNMENT.exec(command); found; found = ASSIGNMENT.exec(command)) {
    const [whole, name = '', value = ''] = found
    env[name] = value.replace(/^(['"])(.*)\1$/, '$2')
    shown += `${name}=… `
    command = command.slice(whole.length)
  }
  shown += command
  if (shown !== line) changes.push('variables in front of it are in `env`')
  command = command.replace(/^exec\s+/, '').replace(/\$\{PORT(?::?-[^}]*)?\}/g, '$PORT')
  command = change(command, changes)
  if (!/\$PORT\b/.test(command)) env.PORT = '$PORT'
  const words = splitWords(command)
  const plain = outsideQuotes(command)
  const isShell = words === undefined || OF_SHELL.test(plain)
  if (isShell) changes.push('a shell runs it, as it needs one')
  const run = isShell ? ['sh', '-c', SEVERAL.test(plain) ? command : `exec ${command}`] : command
  const settings = { run, ...(Object.keys(env).length > 0 && { env }) }
  return { settings, shown, changes, words: words === undefined || SEVERAL.test(plain) ? [] : words }
}

/** Whoever listens on every address is reached past the gateway. */
function change(command: string, changes: string[]): string {
  const local = command
    .replace(/(^|[\s='"@/])(?:0\.0\.0\.0|\[::\]|\*)(?=:|\s|['"]|$)/g, (whole, before: string) =>
      whole.endsWith('*') && !command.includes('*:') ? whole : `${before}127.0.0.1`,
    )
    .replace(/((?:--bind|-b)[\s=]+):\$PORT/g, '$1127.0.0.1:$PORT')
  const bound =
    /^(?:\S*\/)?gunicorn\s/.test(local) && !/\s(?:-b|--bind)[\s=]/.test(local)
      ? local.replace(/gunicorn/, 'gunicorn --bind 127.0.0.1:$PORT')
      : local
  if (bound !== command) changes.push('it listens on 127.0.0.1, for the gateway alone')
  return bound
}

/** Without what stands in single quotes, and in double ones where a shell would look for nothing but variables. */
function outsideQuotes(command: string): string {
  return command
    .replace(/\\[^$`]/g, '')
    .replace(/'[^']*'/g, '')
    .replace(/"[^"]*"/g, (text) => text.replace(/[|&;<>()*?[\]{}~]/g, ''))
}
