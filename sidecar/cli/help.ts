// Help, made from the table of commands and the settings of the mounts.
import { settingsOf, type Setting } from '../config/describe.ts'
import { kinds } from '../mounts/index.ts'
import type { MountKind } from '../mounts/mount.ts'
import type { Command, Option } from './command.ts'

/** Two columns: names, and text that is wrapped to the width of a terminal. */
function columns(rows: readonly (readonly [string, string])[], indent = '  ', width = 100): string {
  const left = Math.min(30, Math.max(...rows.map(([name]) => name.length)) + 2)
  const gap = ' '.repeat(indent.length + left)
  return rows
    .map(([name, text]) => {
      const lines = wrap(linked(text), width - gap.length)
      const head = name.length + 2 > left ? `${indent}${name}\n${gap}` : `${indent}${name.padEnd(left)}`
      return `${head}${lines.join(`\n${gap}`)}\n`
    })
    .join('')
}

/** A text for docs/ as one of a terminal: its links are files there. */
function linked(text: string): string {
  return text.replace(/\[([^\]]*)\]\(([\w.-]+\.md)(?:#[\w-]+)?\)/g, (_, label: string, file: string) =>
    label === file ? `docs/${file}` : `${label} (docs/${file})`,
  )
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function optionRow({ name, short, value, repeat, text, default: initial }: Option): [string, string] {
  const flag = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  const notes = [...(repeat ? ['May be repeated.'] : []), ...(initial === undefined ? [] : [`Default: ${initial}.`])]
  return [flag, [text, ...notes].join(' ')]
}

/** `sidegate --help`. */
export function mainHelp(commands: readonly Command[], version: string): string {
  return (
    `sidegate ${version}: the gateway sidecar for the web server you already run.\n\n` +
    `Usage: sidegate COMMAND [options]\n\nCommands\n` +
    columns(commands.map(({ name, summary }) => [name, summary])) +
    `\nOptions\n${columns([
      ['-h, --help', 'This, or with a command in front: its options.'],
      ['-V, --version', 'The version.'],
    ])}` +
    `\nMore: sidegate help COMMAND, or sidegate help KIND for the settings of a mount (${kinds.map(({ kind }) => kind).join(', ')}).\n`
  )
}

/** `sidegate COMMAND --help`. */
export function commandHelp(command: Command): string {
  const { name, summary, synopsis, options, examples } = command
  const targets = synopsis.includes('TARGET')
    ? `\nTargets: [PLACE=]KIND:VALUE, or a file, folder or module whose kind can be told\n${columns(kinds.map(({ kind, summary: what }) => [`${kind}:…`, what]))}`
    : ''
  return (
    `${summary}\n\nUsage: sidegate ${name} ${synopsis}\n${targets}` +
    `\nOptions\n${columns([...options.map(optionRow), ['-h, --help', 'This.']])}` +
    `\nExamples\n${examples.map(([line, what]) => `  ${line}\n      ${what}\n`).join('')}`
  )
}

/** `sidegate help KIND`: the settings of a mount, as they stand in a configuration. */
export function kindHelp({ kind, summary, settings }: MountKind): string {
  const row = ({ name, description, type, required, default: initial }: Setting): [string, string] => {
    const told = required ? 'Required.' : initial === undefined ? '' : `Default: ${JSON.stringify(initial)}.`
    return [name, `${description} ${told} (${type})`.replace('  ', ' ')]
  }
  return `${kind}: ${linked(summary)}\n\nSettings of a mount\n${columns(settingsOf(settings).map(row))}`
}
