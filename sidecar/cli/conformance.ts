// sidegate conformance: asks a server that serves one of the suite's test apps everything that a gateway owes an app.
// The suite is shipped, and knows the sidecar; the sidecar knows of it only here, by its place: the same in the sources as in dist/.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type * as SuiteModule from '../../test/conformance/index.ts'
import { ConfigError, UpstreamError } from '../errors.ts'
import { indented, jsonLine } from '../line.ts'
import { checkSystem, formatEndpoint, parseAddress, socketAddress, type Endpoint } from '../address.ts'
import { EXIT, text, texts, UsageError, type Call, type Command, type Context } from './command.ts'

type Suite = typeof SuiteModule
type Interface = keyof Suite['apps']
type Result = Awaited<ReturnType<Suite['runCase']>>

const INTERFACES: readonly Interface[] = ['python', 'asgi', 'app', 'node', 'fetch']
const LABELS: Readonly<Record<Result['result'], string>> = {
  passed: 'passed',
  failed: 'FAILED',
  notApplicable: 'not applicable',
}

function load(): Promise<Suite> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return import(new URL(`../../test/conformance/index.${ending}`, import.meta.url).href) as Promise<Suite>
}

export const conformance: Command = {
  name: 'conformance',
  summary: 'Run the conformance suite against any server that serves its test app.',
  synopsis: 'PROTOCOL://ADDRESS [options], or --print-app KIND',
  positionals: { min: 0, max: 1 },
  options: [
    {
      name: 'print-app',
      value: 'KIND',
      text: `Print the test app, to be served by the server: ${INTERFACES.join(', ')}.`,
    },
    { name: 'app', short: 'a', value: 'KIND', text: 'Which test app is served.', default: 'python' },
    { name: 'prefix', value: 'PATH', text: 'Where it is mounted.', default: 'the root' },
    {
      name: 'start',
      value: 'COMMAND',
      text: 'Start the server so, and ask about its start and its end as well.',
      default: 'it is running',
    },
    { name: 'case', value: 'NAME', repeat: true, text: 'Ask only this.' },
    { name: 'json', text: 'One JSON object a case.' },
  ],
  examples: [
    [
      'sidegate conformance --print-app python > app.py',
      'then: uwsgi --plugin python3 --socket 127.0.0.1:3031 --wsgi-file app.py --threads 4',
    ],
    ['sidegate conformance uwsgi://127.0.0.1:3031', 'exit code 1 when a case fails'],
    ['sidegate conformance http://127.0.0.1:8000 --app node --prefix /shop', 'an app for Node, below a prefix'],
    [
      "sidegate conformance http://127.0.0.1:8000 --app asgi --start 'uvicorn --port 8000 asgi:app'",
      'a server for ASGI, with its lifespan',
    ],
  ],
  async run({ positionals, options, context }: Call): Promise<number> {
    const suite = await load()
    const printed = text(options, 'print-app')
    if (printed !== undefined) {
      if (positionals.length > 0) throw new UsageError('--print-app asks no server', 'conformance')
      context.stdout.write(sourceOf(suite, kindOf(printed)))
      return EXIT.ok
    }
    const [words] = positionals
    if (words === undefined) throw new UsageError('whom to ask? PROTOCOL://ADDRESS is missing', 'conformance')
    const { protocol, endpoint } = parseAddress(words, 'ADDRESS')
    checkSystem(endpoint, 'ADDRESS')
    const transport = suite.transports.find((known) => known === protocol)
    if (transport === undefined) {
      throw new UsageError(
        `${words} does not say the protocol: write ${suite.transports.join('://, ')}://`,
        'conformance',
      )
    }
    const prefix = (text(options, 'prefix') ?? '').replace(/\/$/, '')
    if (prefix !== '' && !prefix.startsWith('/')) throw new UsageError('--prefix begins with /', 'conformance')
    const kind = kindOf(text(options, 'app') ?? 'python')
    const cases = chosen(suite.casesFor(kind), texts(options, 'case'))
    const start = text(options, 'start')
    if (start !== undefined && process.platform === 'win32')
      throw new UsageError('--start runs the command by /bin/sh, which Windows has not', 'conformance')
    const asked = {
      address: formatEndpoint(endpoint),
      transport,
      interface: kind,
      prefix,
      cases,
      ...(start && { start }),
    }
    if (start === undefined) await reach(endpoint, words)
    const results: Result[] = []
    const print = options.json === true ? printJson : printLine
    for await (const result of suite.runCases(asked)) {
      results.push(result)
      print(result, context)
    }
    const count = (result: Result['result']): number => results.filter((one) => one.result === result).length
    const totals = `${count('passed')} passed, ${count('failed')} failed, ${count('notApplicable')} not applicable\n`
    if (options.json === true) context.stderr.write(totals)
    else context.stdout.write(`\n${totals}`)
    return count('failed') > 0 ? EXIT.failed : EXIT.ok
  },
}

function kindOf(name: string): Interface {
  const kind = INTERFACES.find((known) => known === name)
  if (kind === undefined)
    throw new UsageError(`there is no test app for ${name}; known are ${INTERFACES.join(', ')}`, 'conformance')
  return kind
}

function chosen(cases: Suite['cases'], names: readonly string[]): Suite['cases'] {
  const unknown = names.find((name) => !cases.some((one) => one.name === name))
  if (unknown !== undefined) throw new UsageError(`there is no case ${unknown}`, 'conformance')
  return names.length === 0 ? cases : cases.filter(({ name }) => names.includes(name))
}

/** The source of a test app; what it imports from beside it by its full address, so that it runs from wherever it is put. */
function sourceOf({ apps }: Suite, kind: Interface): string {
  const url = apps[kind]
  return readFileSync(url, 'utf8').replace(
    /^((?:import|export) [^'"]*from )'(\.{1,2}\/[^']*)'/gm,
    (_, before: string, file: string) => `${before}'${new URL(file, url).href}'`,
  )
}

/** @throws {UpstreamError} CONFORMANCE_SERVER when nobody accepts connections there: every case would say the same. */
function reach(endpoint: Endpoint, words: string): Promise<void> {
  if (endpoint.kind === 'tcp' && endpoint.port === 0)
    throw new ConfigError('ADDRESS_BAD', 'ADDRESS', `${words} has no port`)
  return new Promise((resolve, reject) => {
    const socket = connect(socketAddress(endpoint))
    socket.on('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', (error) =>
      reject(new UpstreamError('CONFORMANCE_SERVER', `${words}: nobody answers there: ${error.message}`)),
    )
  })
}

function printJson({ name, spec, result, reason }: Result, context: Context): void {
  context.stdout.write(jsonLine({ name, spec, result, reason }))
}

function printLine({ name, spec, result, reason }: Result, context: Context): void {
  const because = reason === undefined ? '' : `\n${indented(reason.trim())}`
  const label = LABELS[result].padEnd(LABELS.notApplicable.length)
  context.stdout.write(`${label}  ${name}${result === 'failed' ? `  (${spec})` : ''}${because}\n`)
}
