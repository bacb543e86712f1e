// What docs/sisters.md has of each family: made from what a run has seen, so that nothing stands there that nobody saw.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installWords } from '../apps/install.ts'
import { table } from '../document.ts'
import type { Prefix } from '../frameworks/framework.ts'
import { written } from '../frameworks/page.ts'
import { WEB_SOCKET } from '../frameworks/web-socket.ts'
import { checks } from './checks.ts'
import type { Family, Server } from './family.ts'
import type { Seen } from './run.ts'

/** The mount of a server at a place, as it is written in a configuration. */
export const mountOf = (server: Server, prefix: Prefix): string => written(server.mount(prefix))

/** The part of the page for one family. */
export function section(family: Family, servers: readonly Seen[]): string {
  const { name, title, packages, prepare = [], about, shown } = family
  const commands = [installWords(packages), ...prepare].map((words) => words.join(' '))
  const lines = [
    `## ${title}`,
    '',
    ...about,
    '',
    ...(shown === undefined ? [] : code(shown, join(import.meta.dirname, name, shown))),
    table(['server', 'version', 'mount at `/x`', 'works'], servers.map(row)),
    ...servers.flatMap(notes),
    `Installed by \`${commands.join('; ')}\`; the app is [test/sisters/${name}](../test/sisters/${name}).`,
    '',
  ]
  return lines.join('\n')
}

function row({ server, version, outcomes }: Seen): string[] {
  const beside = server.command === undefined ? '' : `; \`${server.command}\``
  const well = outcomes.filter(({ wrong, differs }) => wrong === undefined && differs === undefined).length
  return [server.title, version, `\`${mountOf(server, '/x')}\`${beside}`, `${well} of ${outcomes.length}`]
}

function notes({ server, outcomes }: Seen): string[] {
  const lines = [
    ...(server.know === undefined ? [] : [server.know]),
    ...outcomes.flatMap(({ check, differs, wrong }) => {
      if (differs !== undefined) return [`not ${check}: ${differs}.`]
      return wrong === undefined ? [] : [`**does not work**: ${check}.`]
    }),
  ]
  return lines.length === 0 ? [] : [...[...new Set(lines)].map((line) => `- ${server.title}: ${line}`), '']
}

function code(file: string, path: string): string[] {
  const language = { rb: 'ruby', psgi: 'perl', py: 'python' }[file.split('.').at(-1)!] ?? ''
  return ['```' + language, readFileSync(path, 'utf8').trimEnd(), '```', '']
}

/** What the page says of the checks. */
export const looked = `Looked at, in each of the four places: ${checks.map(({ name }) => name).join('; ')}; ${WEB_SOCKET} where the server has them, by \`uwsgi_pass\`.\n`

const marks = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->\n)`)

/** The page with this part in the place of the one that it had: `family: rack`, `generated: checks`. @throws {Error} where the page has no place for it */
export function replaced(page: string, name: string, text: string): string {
  if (!marks(name).test(page)) throw new Error(`docs/sisters.md has no marks for ${name}`)
  return page.replace(marks(name), (_, before: string, after: string) => before + text + after)
}
