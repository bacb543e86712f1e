// What a service of Windows is made of. node.exe does not answer the service control manager, so a wrapper stands between: WinSW, which the
// administrator brings. Beside it lies a file that says what it runs (github.com/winsw/winsw, doc/xmlConfigFile.md); it stops Sidegate by
// Ctrl-C, so that requests under way are served to their end.
import { win32 } from 'node:path'

/** What the service is to run. */
export interface ServiceWish {
  /** Letters, digits, `-` and `_`. */
  readonly name: string
  /** An account without a password. */
  readonly account: string
  /** Absolute paths: of the folder that is made for the service, the wrapper, node.exe, the program of Sidegate, and the configuration. */
  readonly folder: string
  readonly wrapper: string
  readonly node: string
  readonly main: string
  readonly config: string
  /** Seconds that a stop may take. */
  readonly stopTimeout: number
}

/** A program and its words. */
export type Step = readonly [program: string, ...words: string[]]

/** Files and steps, in this order. */
export interface ServicePlan {
  /** The wrapper under the name of the service: it looks for its settings by its own name. */
  readonly program: string
  /** Where its settings go, and their text. */
  readonly settings: readonly [file: string, text: string]
  /** For what Sidegate prints. */
  readonly logs: string
  readonly steps: readonly Step[]
}

/** How a service is installed. */
export function installPlan(wish: ServiceWish): ServicePlan {
  const { name, folder, account } = wish
  const program = win32.join(folder, `${name}.exe`)
  const logs = win32.join(folder, 'logs')
  const builtIn = /^NT AUTHORITY\\/i.test(account)
  return {
    program,
    settings: [win32.join(folder, `${name}.xml`), settingsOf(wish, logs)],
    logs,
    steps: [
      [program, 'install'],
      // WinSW 2 and 3 have different words for it.
      ['sc.exe', 'config', name, 'obj=', account, ...(builtIn ? ['password=', ''] : [])],
      ['icacls.exe', logs, '/grant', `${account}:(OI)(CI)M`],
    ],
  }
}

/** How it is started. */
export const startSteps = (name: string): readonly Step[] => [['net.exe', 'start', name]]

/** How it is stopped; it takes as long as the requests under way. */
export const stopSteps = (name: string): readonly Step[] => [['net.exe', 'stop', name]]

/** How it is taken out, once it has stopped. */
export const uninstallSteps = (name: string): readonly Step[] => [['sc.exe', 'delete', name]]

/** A step as it would be typed. */
export function describeStep(step: Step): string {
  return step.map((word) => (word === '' || /[\s()]/.test(word) ? `"${word}"` : word)).join(' ')
}

function settingsOf({ name, node, main, config, stopTimeout }: ServiceWish, logs: string): string {
  const words = [main, 'serve', '--config', config].map((word) => `"${word}"`).join(' ')
  const lines = [
    `<id>${name}</id>`,
    `<name>${name}</name>`,
    '<description>Sidegate, the gateway between the web server and its apps.</description>',
    `<executable>${escaped(node)}</executable>`,
    `<arguments>${escaped(words)}</arguments>`,
    `<workingdirectory>${escaped(win32.dirname(config))}</workingdirectory>`,
    `<logpath>${escaped(logs)}</logpath>`,
    '<log mode="roll-by-size"><sizeThreshold>10240</sizeThreshold><keepFiles>8</keepFiles></log>',
    '<startmode>Automatic</startmode>',
    '<onfailure action="restart" delay="5 sec"/>',
    '<resetfailure>1 hour</resetfailure>',
    `<stoptimeout>${stopTimeout} sec</stoptimeout>`,
  ]
  return `<service>\n${lines.map((line) => `  ${line}\n`).join('')}</service>\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
