// sidegate request: one request to a server that speaks a gateway protocol or HTTP; what curl is to HTTP.
import { once } from 'node:events'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { visible } from '../line.ts'
import { checkSystem, protocolNames, parseAddress, type Endpoint } from '../address.ts'
import { SidegateError } from '../errors.ts'
import type { Protocol } from '../wire/codec.ts'
import { headerBlock, type Head } from '../wire/head.ts'
import { protocolCalled } from '../wire/index.ts'
import { callGateway } from './call-gateway.ts'
import { callHttp } from './call-http.ts'
import { EXIT, number, text, texts, UsageError, type Call, type Command, type Context } from './command.ts'
import type { Answer, Outgoing, OutgoingBody } from './outgoing.ts'

/** Seconds without a byte from the server before the request is given up: as long as nginx waits (uwsgi_read_timeout). */
const TIMEOUT = 60

export const request: Command = {
  name: 'request',
  summary: `Send one request by ${protocolNames.join(', ')}, and print the response.`,
  synopsis: 'PROTOCOL://ADDRESS [PATH] [options]',
  positionals: { min: 1, max: 2 },
  options: [
    { name: 'request', short: 'X', value: 'METHOD', text: 'The method.', default: 'GET, or POST with data' },
    { name: 'header', short: 'H', value: '"NAME: VALUE"', repeat: true, text: 'A header field.' },
    { name: 'data', short: 'd', value: 'TEXT', text: 'The body; @FILE sends a file, @- standard input.' },
    { name: 'var', value: 'NAME=VALUE', repeat: true, text: 'A variable, added or in place of another; not for http.' },
    { name: 'include', short: 'i', text: 'Print the response head too.' },
    { name: 'verbose', short: 'v', text: 'Print to standard error what is sent: variables or head.' },
    { name: 'output', short: 'o', value: 'FILE', text: 'Where the body goes.', default: 'standard output' },
    { name: 'fail', short: 'f', text: 'Exit with 1 for a status of 400 and above.' },
    { name: 'timeout', value: 'SECONDS', text: 'How long the server may be silent.', default: String(TIMEOUT) },
  ],
  examples: [
    ["sidegate request uwsgi://unix:/run/s.sock /path -X POST -d @file -H 'A: b'", 'a POST to any uWSGI'],
    [
      'sidegate request uwsgi://127.0.0.1:3031 / -iv --var REMOTE_USER=kim',
      'with the head, and the variables that were sent',
    ],
  ],
  async run({ positionals, options, context }: Call): Promise<number> {
    const { protocol, endpoint } = readAddress(positionals[0]!)
    const data = text(options, 'data')
    const body = data === undefined ? undefined : await readBody(data, context)
    const headers = texts(options, 'header').map(readHeader)
    const given = (name: string): boolean => headers.some(([known]) => known.toLowerCase() === name)
    if (body && !given('content-type') && !data!.startsWith('@')) {
      headers.push(['Content-Type', 'application/x-www-form-urlencoded'])
    }
    if (!given('host'))
      headers.unshift(['Host', endpoint.kind === 'tcp' ? `${endpoint.host}:${endpoint.port}` : 'localhost'])
    if (!given('user-agent')) headers.push(['User-Agent', 'sidegate'])
    if (!given('accept')) headers.push(['Accept', '*/*'])
    const variables = texts(options, 'var').map(readVariable)
    if (!protocol.gateway && variables.length > 0)
      throw new UsageError('http has no variables; give a header with -H', 'request')
    const outgoing: Outgoing = {
      endpoint,
      method: text(options, 'request') ?? (body ? 'POST' : 'GET'),
      target: readTarget(positionals[1] ?? '/'),
      headers,
      variables,
      body,
      timeout: (number(options, 'timeout') ?? TIMEOUT) * 1000,
    }
    const file = text(options, 'output')
    const out = file === undefined ? context.stdout : createWriteStream(resolve(context.cwd, file))
    const answer = new Printer(out, context.stderr, options.include === true, options.verbose === true)
    let unwritten: Error | undefined
    if (file !== undefined) out.on('error', (error: Error) => (unwritten ??= error))
    try {
      if (file !== undefined) await once(out, 'open')
      await (protocol.gateway ? callGateway(protocol, outgoing, answer) : callHttp(outgoing, answer))
      if (unwritten) throw unwritten
      if (file !== undefined) await once(out.end(), 'finish')
    } catch (error) {
      if (unwritten) {
        context.stderr.write(`sidegate: cannot write ${visible(file!)}: ${unwritten.message}\n`)
        return EXIT.failed
      }
      context.stderr.write(`sidegate: ${positionals[0]}: ${visible(explain(error as NodeJS.ErrnoException))}\n`)
      return EXIT.failed
    }
    return options.fail === true && answer.status >= 400 ? EXIT.failed : EXIT.ok
  },
}

function readAddress(words: string): { protocol: Protocol; endpoint: Endpoint } {
  const match = /^([a-z]+):\/\/(.+)$/i.exec(words)
  const protocol = protocolCalled(match?.[1]!.toLowerCase())
  if (!match || !protocol) {
    throw new UsageError(
      `${JSON.stringify(words)} does not say the protocol: write ${protocolNames.map((known) => `${known}://`).join(', ')}`,
      'request',
    )
  }
  const rest = match[2]!.replace(/\/$/, '')
  const portless = protocol.port !== undefined && !/^(?:unix|pipe):/.test(rest) && !/:[0-9]+$/.test(rest)
  const address = portless ? `${rest}:${protocol.port}` : rest
  const { endpoint } = parseAddress(address, 'ADDRESS')
  checkSystem(endpoint, 'ADDRESS')
  return { protocol, endpoint }
}

function readTarget(path: string): string {
  if (path !== '*' && !path.startsWith('/'))
    throw new UsageError(`the path ${JSON.stringify(path)} does not begin with /`, 'request')
  // What a browser would encode; bytes that are encoded already stay.
  return path.replace(/[^\x21-\x7e]/gu, encodeURIComponent)
}

function readHeader(words: string): [string, string] {
  const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*)$/.exec(words)
  if (!match) throw new UsageError(`${JSON.stringify(words)} is not like "NAME: VALUE"`, 'request')
  return [match[1]!, match[2]!]
}

function readVariable(words: string): [string, string] {
  const at = words.indexOf('=')
  if (at < 1) throw new UsageError(`${JSON.stringify(words)} is not like NAME=VALUE`, 'request')
  return [words.slice(0, at), Buffer.from(words.slice(at + 1)).toString('latin1')]
}

async function readBody(data: string, context: Context): Promise<OutgoingBody> {
  if (!data.startsWith('@')) {
    const bytes = Buffer.from(data)
    return { length: bytes.byteLength, chunks: Readable.from([bytes]) }
  }
  if (data === '@-') return { length: undefined, chunks: context.stdin }
  const file = resolve(context.cwd, data.slice(1))
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new UsageError(`there is no file ${data.slice(1)}`, 'request')
  return { length: found.size, chunks: createReadStream(file) }
}

function explain(error: NodeJS.ErrnoException): string {
  const { code, message } = error
  if (error instanceof SidegateError) return `${message} [${code}]`
  if (code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  if (code === 'ENOENT') return 'there is no such socket'
  if (code === 'EACCES') return 'this user may not connect to that socket (permission denied)'
  return message
}

/** Prints an answer as it comes. */
class Printer implements Answer {
  status = 0
  readonly #out: Writable
  readonly #err: Writable
  readonly #include: boolean
  readonly #verbose: boolean

  constructor(out: Writable, err: Writable, include: boolean, verbose: boolean) {
    this.#out = out
    this.#err = err
    this.#include = include
    this.#verbose = verbose
  }

  sent(lines: string): void {
    if (this.#verbose) this.#err.write(lines)
  }

  head(head: Head): void {
    this.status = head.status
    if (!this.#include) return
    this.#out.write(Buffer.from(`${`${head.status} ${head.reason}`.trimEnd()}\r\n${headerBlock(head)}`, 'latin1'))
  }

  body(bytes: Uint8Array): boolean {
    return this.#out.write(bytes)
  }

  async drained(): Promise<void> {
    if (this.#out.errored) throw this.#out.errored
    await once(this.#out, 'drain')
  }

  errors(bytes: Uint8Array): void {
    this.#err.write(bytes)
  }
}
