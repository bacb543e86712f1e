// sidegate sniff: listens and prints every request as it was decoded. What is my web server sending?
// The listener and the codecs are those of serve; nothing is repaired, nothing left out, and no app runs.
import * as v from 'valibot'
import { handedDown } from '../listen/inherited.ts'
import { Listener } from '../listen/listener.ts'
import { listenerSettings } from '../listen/settings.ts'
import { Log } from '../log.ts'
import { EXIT, number, texts, UsageError, type Call, type Command, type Context } from './command.ts'
import { Sniffer } from './sniffer.ts'
import { sniffedJson, sniffedText } from './sniffed.ts'

export const sniff: Command = {
  name: 'sniff',
  summary: 'Listen, and print what a web server sends: every variable of every request, in any protocol.',
  synopsis: 'ADDRESS [options]',
  positionals: { min: 1, max: 1 },
  options: [
    { name: 'json', text: 'One JSON object a request; each character of a text in it is a byte.' },
    { name: 'status', value: 'STATUS', text: 'What every request is answered with.', default: '200' },
    { name: 'count', value: 'N', text: 'Stop after so many requests.', default: 'until a signal' },
    { name: 'allow', value: 'PEER', repeat: true, text: 'Who may connect where others than this machine can.' },
    { name: 'proxy-protocol', value: 'PEER', repeat: true, text: 'Who writes a PROXY protocol header first.' },
  ],
  examples: [
    ['sidegate sniff 127.0.0.1:3031', 'with `uwsgi_pass 127.0.0.1:3031;` or any other in the web server'],
    ['sidegate sniff unix:/run/s.sock --json --count 1', 'the next request, for a program'],
  ],
  async run({ positionals, options, context }: Call): Promise<number> {
    const status = number(options, 'status', 200, 599) ?? 200
    if (!Number.isInteger(status) || status > 599) throw new UsageError('--status is a number from 200 to 599', 'sniff')
    const json = options.json === true
    const settings = v.parse(listenerSettings, {
      address: positionals[0]!,
      allow: texts(options, 'allow'),
      proxyProtocol: texts(options, 'proxy-protocol'),
    })
    // What is no request at all is a line of the log: who sent it, and why not.
    const log = new Log(json ? 'json' : 'text', context.stdout, context.stderr, false)
    const format = json ? sniffedJson : sniffedText
    const sniffer = new Sniffer(log, status, number(options, 'count', 1) ?? Infinity, (request) => {
      context.stdout.write(format(request))
    })
    const listeners = handedDown(settings, 'ADDRESS').map((one) => new Listener(one, 'ADDRESS', sniffer, undefined))
    try {
      for (const listener of listeners) await listener.open()
      for (const { text, protocolNames } of listeners) {
        context.stderr.write(`sidegate sniff: listening on ${text} (${protocolNames.join(', ')})\n`)
      }
      await Promise.race([sniffer.full, signalled(context)])
      sniffer.draining = true
    } finally {
      for (const listener of listeners) listener.close()
    }
    return EXIT.ok
  },
}

function signalled(context: Context): Promise<void> {
  return new Promise((resolve) => {
    const stop = context.onStopSignal(() => {
      stop()
      resolve()
    })
  })
}
