// The options of sidegate plug that change a web server that runs, in place of printing what to put into it.
import { resolve } from 'node:path'
import type { Host, PlugChange, PlugReport } from '../../plugin/host.ts'
import { visible } from '../line.ts'
import { number, text, texts, UsageError, type Call, type Context, type Option, type OptionValues } from './command.ts'

export const changeOptions: readonly Option[] = [
  {
    name: 'control',
    value: 'ADDRESS',
    text: 'Put it into the NGINX Unit whose control API is there (unix:/var/run/control.unit.sock, 127.0.0.1:8443), in place of printing it.',
  },
  { name: 'dry-run', text: 'With --control: show what would change, and change nothing.' },
  { name: 'remove', text: 'With --control: take all of it out again. Needs no target and no configuration.' },
  {
    name: 'on',
    value: 'LISTENER',
    text: "With --control: the listener of Unit's that is to be Sidegate's, which has no other yet.",
    default: '*:8080',
  },
  {
    name: 'into',
    value: 'ROUTE',
    text: 'With --control: a route that is there (routes, or routes/NAME) gets the steps added, and no listener is made.',
  },
  {
    name: 'certificate',
    value: 'FILE',
    repeat: true,
    text: 'With --control: PEM files with a certificate chain and its key, for TLS on the listener.',
  },
  {
    name: 'forwarded-from',
    value: 'PEER',
    repeat: true,
    text: 'With --control: proxies in front of Unit (addresses, networks) that set X-Forwarded-For and -Proto.',
  },
  { name: 'name', value: 'NAME', text: 'With --control: as what this Sidegate is found again.', default: 'sidegate' },
  { name: 'no-verify', text: 'With --control: do not ask Unit for something of Sidegate afterwards.' },
  { name: 'timeout', value: 'SECONDS', text: 'With --control: how long an answer may take.', default: '30' },
]

/** What is asked for; undefined without --control. @throws {UsageError} */
export function changeFrom({ options, context }: Call): PlugChange | undefined {
  const control = text(options, 'control')
  if (control === undefined) return undefined
  const into = text(options, 'into')
  const ofListener = changeOptions.find(({ name }) => LISTENER_ONLY.includes(name) && isGiven(options, name))
  if (into !== undefined && ofListener)
    throw new UsageError(`--${ofListener.name} is for a listener, and --into makes none`, 'plug')
  return {
    control,
    name: text(options, 'name'),
    listener: text(options, 'on'),
    into,
    certificates: texts(options, 'certificate').map((file) => resolve(context.cwd, file)),
    forwardedFrom: texts(options, 'forwarded-from'),
    dryRun: options['dry-run'] === true,
    verify: options['no-verify'] !== true,
    timeout: number(options, 'timeout', 0.1, 3600),
  }
}

const LISTENER_ONLY: readonly string[] = ['on', 'certificate', 'forwarded-from']

/** Options that say how to print what is not printed. */
const PRINTING: readonly string[] = ['full', 'port', 'check', 'protocol']

/** @throws {UsageError} for options that go with --control without it, and for one with a host that has no API. */
export function demandControl(host: Host, change: PlugChange | undefined, options: OptionValues): void {
  if (!change) {
    const given = changeOptions.find(({ name }) => isGiven(options, name))
    if (given)
      throw new UsageError(
        `--${given.name} needs --control ADDRESS, the address of a control API such as unix:/var/run/control.unit.sock`,
        'plug',
      )
    return
  }
  if (!host.apply) throw new UsageError(`${host.name} has no control API: put what is printed into its config`, 'plug')
  const printing = PRINTING.find((name) => isGiven(options, name))
  if (printing !== undefined)
    throw new UsageError(`--${printing} is for what is printed; --control prints nothing`, 'plug')
}

function isGiven(options: OptionValues, name: string): boolean {
  return options[name] !== undefined && options[name] !== false
}

/** What changes goes to standard output, what else is to be said to standard error. */
export function reportTo({ stdout, stderr }: Context): PlugReport {
  return {
    tell: (line) => void stdout.write(`${line.split('\n').map(visible).join('\n')}\n`),
    note: (line) => void stderr.write(`${visible(line)}\n`),
  }
}
